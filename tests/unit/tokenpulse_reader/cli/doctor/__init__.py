"""Mirror `tokenpulse_reader.cli.doctor`."""
