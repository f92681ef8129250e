"""Mirror `tokenpulse.spill`."""
