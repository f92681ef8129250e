"""Mirror `tokenpulse.include_usage`."""
