"""Mirror `tokenpulse_shared.totals`."""
