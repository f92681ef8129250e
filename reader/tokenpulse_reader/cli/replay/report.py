"""Replay the exchange a file holds; put what was seen into text or JSON."""

from typing import NamedTuple

import orjson

from tokenpulse.explain import DIALECT_NAMES, Cut, Explanation, explain, with_plain_body
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.as_json import explanation_as_json
from tokenpulse_reader.cli.replay.choice import chosen
from tokenpulse_reader.cli.replay.event_table import event_table
from tokenpulse_reader.cli.replay.heading import Heading, heading_lines
from tokenpulse_reader.cli.replay.kept_file import kept_in
from tokenpulse_reader.cli.replay.summary import summary_lines
from tokenpulse_shared.settings import Settings


class Wanted(NamedTuple):
    """Hold what the user asked for; None: not given."""

    file: str
    content: bytes
    settings: Settings
    chunks: Cut = "recorded"
    path: str | None = None
    dialect: str | None = None
    provider: str | None = None
    model: str | None = None
    line: int | None = None
    entry: int | None = None


async def json_report(wanted: Wanted, *, has_text: bool) -> str:
    """Return one JSON object, over several lines.

    Raises:
        RefusedError: the file cannot be replayed.
        SettingsError: a setting cannot be used.
    """
    heading, explanation = await _replay(wanted)
    told = explanation_as_json(heading, explanation, has_text=has_text)
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


async def text_report(wanted: Wanted, *, is_full: bool, has_text: bool, width: int) -> str:
    """Return a heading, the table of events, a summary; lines fit the width where it is 80 or more.

    Raises:
        RefusedError: the file cannot be replayed.
        SettingsError: a setting cannot be used.
    """
    heading, explanation = await _replay(wanted)
    lines = [*heading_lines(heading, explanation, width), ""]
    if explanation.events:
        lines += [*event_table(explanation, is_full=is_full, has_text=has_text, width=width), ""]
    return "\n".join([*lines, *summary_lines(explanation, width)])


async def _replay(wanted: Wanted) -> tuple[Heading, Explanation]:
    if wanted.dialect not in (None, *DIALECT_NAMES):
        raise RefusedError(f"--dialect {wanted.dialect}: expected one of {', '.join(DIALECT_NAMES)}")
    settings = wanted.settings
    kept = kept_in(wanted.content, settings, wanted.line, wanted.entry)
    plain, encoding = with_plain_body(kept.exchange)
    choice = chosen(plain, settings, wanted.path, wanted.dialect, wanted.model)
    explanation = await explain(
        choice.exchange,
        choice.endpoint,
        settings,
        cut=wanted.chunks,
        provider=wanted.provider,
        model=wanted.model,
    )
    heading = Heading(wanted.file, kept, choice.exchange, choice.reason, encoding, wanted.chunks)
    return heading, explanation
