"""Mirror `tokenpulse_reader.posts`."""
