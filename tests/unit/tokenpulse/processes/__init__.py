"""Mirror `tokenpulse.processes`."""
