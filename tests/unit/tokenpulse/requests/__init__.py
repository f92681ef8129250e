"""Mirror `tokenpulse.requests`."""
