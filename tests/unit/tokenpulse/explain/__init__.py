"""Mirror `tokenpulse.explain`."""
