"""Mirror `tokenpulse.framing`."""
