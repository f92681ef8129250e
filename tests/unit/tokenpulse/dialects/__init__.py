"""Mirror `tokenpulse.dialects`."""
