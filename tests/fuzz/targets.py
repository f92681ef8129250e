"""What is fuzzed: each target reads a case, checks what came out, returns a sign of what it saw."""

from collections.abc import Callable, Hashable, Mapping
from typing import Final

from tests.fuzz.answer_target import check_answers
from tests.fuzz.case import Case
from tests.fuzz.dialect_target import check_dialect, check_requests
from tests.fuzz.exchange_target import check_exchange
from tests.fuzz.growth import GROWTH, check_growth
from tests.fuzz.parser_targets import check_decoder, check_framers, check_stripper

Target = Callable[[Case], Hashable]
"""Raises whatever it finds wrong."""

TARGETS: Final[Mapping[str, Target]] = {
    "answer": check_answers,
    "request": check_requests,
    "dialect": check_dialect,
    "framers": check_framers,
    "decoder": check_decoder,
    "stripper": check_stripper,
    "exchange": check_exchange,
    GROWTH: check_growth,
}
SHARES: Final = (
    ("answer",) * 10 + ("dialect",) * 4 + ("request", "framers", "exchange") * 2 + ("decoder", "stripper")
)
"""How often each target's turn comes; growth, which takes a second, has turns of its own."""
