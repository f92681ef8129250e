"""Mirror `tokenpulse.reading`."""
