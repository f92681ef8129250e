"""Mirror `tokenpulse_shared.connections`."""
