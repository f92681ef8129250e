"""The `export` subcommand."""
