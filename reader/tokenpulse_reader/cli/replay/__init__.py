"""The `replay` subcommand: what tokenpulse sees in a recorded exchange, event by event."""
