"""The `doctor` subcommand."""
