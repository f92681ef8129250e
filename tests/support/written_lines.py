"""Print records of a process for whoever reads its output: a kind, then JSON, one a line."""

import sys

import orjson


def print_line(kind: str, fields: object) -> None:
    """Print one record in one write: lines of threads stay apart."""
    sys.stdout.write(f"{kind} {orjson.dumps(fields, default=tuple).decode()}\n")
    sys.stdout.flush()
