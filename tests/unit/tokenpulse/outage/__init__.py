"""Mirror `tokenpulse.outage`."""
