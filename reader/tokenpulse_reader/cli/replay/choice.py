"""Settle at which path an exchange is replayed."""

from typing import NamedTuple
from urllib.parse import urlsplit

from tokenpulse.explain import DIALECT_NAMES, Endpoint, Exchange, endpoint_of, place_of
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_shared.settings import Settings


class Choice(NamedTuple):
    """Hold an exchange with the path it is replayed at; `reason`: who says so, in words."""

    exchange: Exchange
    endpoint: Endpoint
    reason: str


def chosen(
    exchange: Exchange, settings: Settings, path: str | None, dialect: str | None, model: str | None
) -> Choice:
    """Return the exchange at its own path, else at the given one, else at one that fits its answer.

    path: from the user; None: not given. dialect, model: likewise; a dialect not spoken at the path goes before it.

    Raises:
        RefusedError: nothing tells a path, or tokenpulse takes it for plain HTTP.
    """
    reason = "as recorded"
    if path is not None:
        exchange, reason = exchange._replace(path=urlsplit(path).path, method="POST"), "by --path"
    if exchange.path is not None and exchange.method != "POST":
        raise RefusedError(
            f"{exchange.method} {exchange.path} is plain HTTP to tokenpulse: only POST is inference"
        )
    endpoint = None if exchange.path is None else endpoint_of(exchange, settings)
    if endpoint is not None and dialect in (None, endpoint.dialect.name):
        return Choice(exchange, endpoint, reason)
    if exchange.path is not None and dialect is None:
        raise RefusedError(
            f"{exchange.path} is plain HTTP to tokenpulse. Name what is spoken there with --dialect, "
            f"one of {', '.join(DIALECT_NAMES)}, or another path with --path"
        )
    return _fitting(exchange, settings, dialect, model)


def _fitting(exchange: Exchange, settings: Settings, dialect: str | None, model: str | None) -> Choice:
    place = place_of(exchange, dialect, model)
    if place is None:
        raise _unknown_shape(dialect)
    exchange = exchange._replace(path=place.path)
    endpoint = endpoint_of(exchange, settings)
    if endpoint is None:
        raise RefusedError(f"{place.path} is plain HTTP to tokenpulse by the setting endpoints")
    return Choice(exchange, endpoint, "by the answer's shape" if dialect is None else "by --dialect")


def _unknown_shape(dialect: str | None) -> RefusedError:
    if dialect is not None:
        return RefusedError(
            f"{dialect} has no path whose answers are of this kind (a stream, or one JSON object)"
        )
    return RefusedError(
        "the answer does not tell which protocol it speaks. Name it with --dialect, one of "
        f"{', '.join(DIALECT_NAMES)}, or its path with --path, such as /v1/chat/completions"
    )
