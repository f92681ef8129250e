"""Put an explanation into JSON, for machines."""

from typing import Any, Final

from tokenpulse.explain import Explanation, SeenEvent, told_numbers
from tokenpulse_reader.cli.replay.heading import Heading
from tokenpulse_reader.cli.replay.marks import marks_of
from tokenpulse_reader.cli.replay.summary import fault_words

_CONTENTS: Final = ("none", "reasoning", "visible")
_TIMES: Final = frozenset(
    (
        "started_at",
        "latency_seconds",
        "ttfb_seconds",
        "ttft_seconds",
        "first_visible_seconds",
        "tpot_seconds",
        "send_wait_seconds",
        "itl",
    )
)
"""What a replay cannot know."""


def explanation_as_json(heading: Heading, explanation: Explanation, *, has_text: bool) -> dict[str, Any]:
    """Return everything the table and the summary show, every event included; what is not known is null."""
    exchange, observation = heading.exchange, explanation.observation
    return {
        "file": {"name": heading.file, "kind": heading.kept.kind, "body_bytes": len(exchange.body)},
        "exchange": {
            "path": exchange.path,
            "path_from": heading.path_reason,
            "status": exchange.status,
            "has_status": heading.kept.has_status,
            "is_complete": exchange.is_complete,
            "encoding": heading.encoding,
        },
        "framing": None if explanation.framing is None else explanation.framing.name.lower(),
        "reads": len(explanation.reads.pieces),
        "events": [_event(event, explanation, has_text) for event in explanation.events],
        "first_content_event": explanation.first_content,
        "first_visible_event": explanation.first_visible,
        "last_content_event": explanation.last_content,
        "usage_events": [
            {"event": number, "numbers": words} for number, words in explanation.usage_origins.items()
        ],
        "observation": {key: value for key, value in observation._asdict().items() if key not in _TIMES},
        "cost_source": explanation.cost.name,
        "cost_unknown_because": explanation.cost.why_not,
        "faults": fault_words(explanation),
    }


def _event(event: SeenEvent, explanation: Explanation, has_text: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "number": event.number,
        "offset": event.start,
        "bytes": event.end - event.start,
        "read": explanation.reads.number_at(event.end),
        "name": event.name or None,
        "is_readable": event.facts is not None,
    }
    facts = event.facts
    if facts is not None:
        told |= {
            "content": _CONTENTS[facts.content],
            "model": facts.model,
            "usage": None if facts.usage is None else told_numbers(facts.usage),
            "finishes": [{"choice": choice, "reason": reason} for choice, reason in facts.finishes],
            "error": None if facts.error is None else {"type": facts.error.type, "code": facts.error.code},
            "is_end": facts.is_terminal,
        }
    told["marks"] = marks_of(event, explanation)
    return told | {"text": event.text} if has_text else told
