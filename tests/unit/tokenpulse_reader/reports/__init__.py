"""Mirror `tokenpulse_reader.reports`."""
