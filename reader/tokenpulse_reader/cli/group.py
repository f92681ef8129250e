"""The `tokenpulse` command: a group of its subcommands."""

import click

from tokenpulse_reader.cli.demo import demo
from tokenpulse_reader.cli.doctor.command import doctor
from tokenpulse_reader.cli.export.command import export
from tokenpulse_reader.cli.reader import reader
from tokenpulse_reader.cli.replay.command import replay
from tokenpulse_reader.cli.run import run
from tokenpulse_shared import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="tokenpulse")
def main() -> None:
    """Measure inference traffic, serve what was measured.

    Every setting has a flag or an environment variable TOKENPULSE_<NAME>; a flag wins.
    """


main.add_command(demo)
main.add_command(doctor)
main.add_command(export)
main.add_command(reader)
main.add_command(replay)
main.add_command(run)
