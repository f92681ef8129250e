"""Operations by which a person resets a circuit breaker, or holds it open or closed."""

from typing import Final

from tokenpulse_reader.openapi.operation import JSON, Operation
from tokenpulse_reader.openapi.parts import MODEL, PROVIDER
from tokenpulse_reader.openapi.present_operations import CIRCUIT
from tokenpulse_shared.breaker import Order

_SUMMARIES: Final[dict[Order, str]] = {
    "reset": "Close a breaker, its past forgotten, and let it move by itself",
    "open": "Hold a breaker open until another order comes",
    "close": "Hold a breaker closed until another order comes",
}

OPERATIONS: Final = tuple(
    Operation(
        path=f"/api/monitoring/circuit-breakers/{{provider}}/{{model}}/{order}",
        method="post",
        summary=summary,
        tag="monitoring",
        about="Every process knows it after its next flush; the answer tells the breaker as it is then.",
        parameters=(PROVIDER, MODEL),
        answers={JSON: CIRCUIT},
        statuses={
            404: "the model was never seen, or not for a long time",
            503: "the breaker is not known to be moved",
        },
    )
    for order, summary in _SUMMARIES.items()
)
