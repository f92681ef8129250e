"""Mirror `tokenpulse_reader.snapshots`."""
