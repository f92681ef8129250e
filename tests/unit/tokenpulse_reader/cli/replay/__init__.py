"""Mirror `tokenpulse_reader.cli.replay`."""
