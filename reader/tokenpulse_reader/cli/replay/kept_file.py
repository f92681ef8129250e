"""Tell by its content what kind of file it is; choose one exchange of it."""

from tokenpulse.explain import Exchange, endpoint_of
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.curl_text import CURL_START, kept_by_curl
from tokenpulse_reader.cli.replay.har import har_entries, kept_in_har
from tokenpulse_reader.cli.replay.kept import Kept
from tokenpulse_reader.cli.replay.recorded import kept_recorded, recorded_in
from tokenpulse_shared.settings import Settings


def kept_in(content: bytes, settings: Settings, line: int | None, entry: int | None) -> Kept:
    """Return the exchange a file holds; of several, the one chosen.

    line: of recorded exchanges, counted from 1. entry: of a HAR file, counted from 1.

    Raises:
        RefusedError: the file is empty, or it does not tell which exchange is meant.
    """
    if not content.strip():
        raise RefusedError("the file is empty")
    entries = har_entries(content)
    if entries is not None:
        _refuse("--line", line, "recorded exchanges, one a line")
        return _har_entry([kept_in_har(each) for each in entries], settings, entry)
    _refuse("--entry", entry, "HAR files")
    recorded = recorded_in(content)
    lines = [content] if recorded is not None else [each for each in content.split(b"\n") if each.strip()]
    if recorded is not None or recorded_in(lines[0]) is not None:
        return _recorded_line(lines, line)
    _refuse("--line", line, "recorded exchanges, one a line")
    if content.startswith(CURL_START):
        return kept_by_curl(content)
    return Kept("body of a response", Exchange(content), has_status=False)


def _refuse(option: str, value: int | None, purpose: str) -> None:
    if value is not None:
        raise RefusedError(f"{option} {value}: this is for {purpose}, which the file is not")


def _recorded_line(lines: list[bytes], line: int | None) -> Kept:
    if line is None and len(lines) > 1:
        raise RefusedError(
            f"the file holds {len(lines)} recorded exchanges; choose one with --line 1 to {len(lines)}"
        )
    chosen = 1 if line is None else line
    if chosen > len(lines):
        raise RefusedError(f"--line {line}: the file holds {len(lines)} recorded exchanges")
    recorded = recorded_in(lines[chosen - 1])
    if recorded is None:
        raise RefusedError(f"--line {line}: this line is no recorded exchange")
    return kept_recorded(recorded)


def _har_entry(entries: list[Kept], settings: Settings, entry: int | None) -> Kept:
    if entry is not None:
        if entry > len(entries):
            raise RefusedError(f"--entry {entry}: the file holds {len(entries)} entries")
        return entries[entry - 1]
    inference = [
        number for number, kept in enumerate(entries, 1) if endpoint_of(kept.exchange, settings) is not None
    ]
    if len(inference) == 1:
        return entries[inference[0] - 1]
    if len(entries) == 1:
        return entries[0]
    told = ", ".join(map(str, inference)) or "none"
    raise RefusedError(
        f"the file holds {len(entries)} entries; choose one with --entry (of inference: {told})"
    )
