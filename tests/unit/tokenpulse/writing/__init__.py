"""Mirror `tokenpulse.writing`."""
