"""Mirror `tokenpulse_shared.health`."""
