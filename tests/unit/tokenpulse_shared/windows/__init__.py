"""Mirror `tokenpulse_shared.windows`."""
