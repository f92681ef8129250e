"""Mirror `tokenpulse_reader.live`."""
