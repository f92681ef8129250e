"""Let `python -m tokenpulse_reader.cli` be the same as `tokenpulse`."""

from tokenpulse_reader.cli.group import main

main(prog_name="tokenpulse")
