"""Write the doctor's checks as text or as JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import orjson

from tokenpulse_reader.cli.doctor.check import EXIT_CODES, Check, Status, worst

_NOUNS: Final[dict[Status, tuple[str, str]]] = {
    "failure": ("failure", "failures"),
    "warning": ("warning", "warnings"),
}


def text_report(checks: Sequence[Check], redis_url: str, key_prefix: str) -> str:
    """Return a table of the checks, each with what to do, then the sum; the URL must be masked."""
    width = max((len(check.name) for check in checks), default=0)
    lines = [f"{redis_url}, keys {key_prefix}*", ""]
    for check in checks:
        lines.append(f"{check.status:<8} {check.name:<{width}}  {check.says}")
        lines += [f"{'':<9}{'':<{width}}    {item}" for item in check.items]
        if check.to_do is not None:
            lines.append(f"{'':<9}{'':<{width}}  → {check.to_do}")
    return "\n".join([*lines, "", _sum(checks)])


def json_report(checks: Sequence[Check], redis_url: str, key_prefix: str) -> str:
    """Return {status, exit_code, redis_url, key_prefix, checks: [{name, status, says, to_do, items}]}."""
    status = worst(checks)
    body = {
        "status": status,
        "exit_code": EXIT_CODES[status],
        "redis_url": redis_url,
        "key_prefix": key_prefix,
        "checks": [
            {
                "name": check.name,
                "status": check.status,
                "says": check.says,
                "to_do": check.to_do,
                "items": check.items,
            }
            for check in checks
        ],
    }
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()


def _sum(checks: Sequence[Check]) -> str:
    counts = Counter(check.status for check in checks)
    found = [
        f"{counts[status]} {nouns[counts[status] != 1]}" for status, nouns in _NOUNS.items() if counts[status]
    ]
    return ", ".join(found) if found else "all is well"
