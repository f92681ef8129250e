"""Mirror `tokenpulse_reader.export`."""
