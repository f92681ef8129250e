"""Mirror `tokenpulse.batches`."""
