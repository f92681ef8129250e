"""Mirror `tokenpulse.aggregation`."""
