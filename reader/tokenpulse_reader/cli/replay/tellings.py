"""Put what an event tells into words, without any text of prompt or answer."""

from tokenpulse.explain import SeenEvent, told_numbers
from tokenpulse_reader.cli.replay.money import usd
from tokenpulse_shared.names import clean_name

CONTENT_WORDS = ("-", "reasoning", "visible")
"""What a dialect's `Content` is called, in its order."""


def tellings_of(event: SeenEvent, is_first_model: bool) -> list[str]:
    """Return what an event tells, numbers as the wire has them.

    is_first_model: whether no event before it named the model; only then it is told.
    """
    facts = event.facts
    if facts is None:
        return ["breaks off here" if event.is_last else "cannot be read"]
    told = []
    if facts.model is not None and is_first_model:
        told.append(f"model {clean_name(facts.model)}")
    for choice, reason in facts.finishes:
        told.append(f"finish {clean_name(reason)}" + (f" of choice {choice}" if choice else ""))
    if facts.error is not None:
        told.append(f"error {clean_name(facts.error.type or facts.error.code or 'without a type')}")
    if facts.usage is not None:
        numbers = told_numbers(facts.usage)
        told.append(
            "usage: " + ", ".join(f"{word} {_shown(word, number)}" for word, number in numbers.items())
        )
    if facts.is_terminal:
        told.append("end of the answer")
    return told


def _shown(word: str, number: int) -> str:
    return f"{usd(number)} USD" if word == "cost" else str(number)
