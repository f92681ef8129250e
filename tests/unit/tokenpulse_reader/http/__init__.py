"""Mirror `tokenpulse_reader.http`."""
