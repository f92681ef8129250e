"""Mark the events that the observation's numbers came from."""

from tokenpulse.explain import Explanation, SeenEvent


def marks_of(event: SeenEvent, explanation: Explanation) -> list[str]:
    """Return what an event was for the observation; most were nothing."""
    marks = []
    if event.number == explanation.first_content:
        marks.append("first content: TTFT")
    if event.number == explanation.first_visible:
        marks.append("first visible")
    if event.number == explanation.last_content:
        marks.append("last content")
    words = explanation.usage_origins.get(event.number)
    if words is not None:
        is_only = len(explanation.usage_origins) == 1
        marks.append("usage from here" if is_only else f"usage from here: {', '.join(words)}")
    return marks


def is_notable(event: SeenEvent, explanation: Explanation) -> bool:
    """Tell whether an event is shown however long the stream is."""
    facts = event.facts
    if facts is None or facts.error is not None or facts.finishes or facts.is_terminal:
        return True
    return bool(marks_of(event, explanation))
