"""Mirror `tokenpulse_reader.cli`."""
