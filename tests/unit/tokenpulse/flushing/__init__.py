"""Mirror `tokenpulse.flushing`."""
