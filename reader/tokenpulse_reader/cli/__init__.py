"""The command line."""

from tokenpulse_reader.cli.group import main

__all__ = ["main"]
