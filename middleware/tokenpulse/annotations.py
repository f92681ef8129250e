"""Let the app tell what only it knows about a request."""

from collections.abc import MutableMapping
from typing import Any, Final, Protocol, runtime_checkable

from tokenpulse.dialects.numbers import nano_usd
from tokenpulse_shared.names import clean_name

SCOPE_KEY: Final = "tokenpulse"
"""Where a request's observer stands in its ASGI scope; frameworks that copy the scope share it."""


class Annotations:
    """Hold what the app told; None means that it did not."""

    __slots__ = ("cost_nano_usd", "gateway", "model", "provider", "user_tier")

    def __init__(self) -> None:
        self.provider: str | None = None
        self.model: str | None = None
        self.gateway: str | None = None
        self.user_tier: str | None = None
        self.cost_nano_usd: int | None = None


@runtime_checkable
class Annotatable(Protocol):
    """Take annotations for the request it follows."""

    def open_annotations(self) -> Annotations | None:
        """Return where to write, None if no observation will carry it (any more)."""

    def reject_annotation(self) -> None:
        """Count an argument that was set aside."""


def annotate(
    scope: MutableMapping[str, Any],
    *,
    provider: str | None = None,
    model: str | None = None,
    gateway: str | None = None,
    cost_usd: float | None = None,
    user_tier: str | None = None,
) -> bool:
    """Set what the app knows about its request; from inside the app, before the final body is sent.

    What is annotated wins over what the request says, except the cost, where the response's own wins.
    A name that is no text, or a cost that is no amount, is left out and counted: traffic never breaks.
    Returns False if no observation will carry it: the app is not wrapped, the path is no inference
    endpoint, or the response has ended.
    """
    carrier = scope.get(SCOPE_KEY)
    annotations = carrier.open_annotations() if isinstance(carrier, Annotatable) else None
    if annotations is None or not isinstance(carrier, Annotatable):
        return False
    names = {"provider": provider, "model": model, "gateway": gateway, "user_tier": user_tier}
    for field, value in names.items():
        if isinstance(value, str) and value:
            setattr(annotations, field, clean_name(value))
        elif value is not None:
            carrier.reject_annotation()
    if cost_usd is not None:
        cost = nano_usd(cost_usd)
        if cost is None:
            carrier.reject_annotation()
        else:
            annotations.cost_nano_usd = cost
    return True
