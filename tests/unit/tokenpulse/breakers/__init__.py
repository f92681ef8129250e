"""Mirror `tokenpulse.breakers`."""
