"""Decide who may ask for what, pure.

Strategy: default-deny. Once there is a token, everything but reading `/healthz` needs one; a token of a
metrics category opens reading that category alone. Writes need a token even where none is configured.
Invariant: tokens are compared as SHA-256 digests, in constant time, all of them whatever the first says.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

Verdict = Literal["allowed", "unauthorized", "writes_closed"]
"""`writes_closed`: no token is configured that could open a write."""

OPEN_PATH: Final = "/healthz"
METRICS_PATH: Final = "/prometheus/metrics/"
_READS: Final = frozenset(("GET", "HEAD"))
_WITHOUT_EFFECT: Final = frozenset(("GET", "HEAD", "OPTIONS"))


def has_effect(method: str) -> bool:
    """Tell whether a method may change something."""
    return method not in _WITHOUT_EFFECT


class Access:
    """Hold the tokens' digests.

    `metrics_tokens`: by category. `open_writes`: paths whose POST needs no token.
    """

    def __init__(
        self,
        tokens: Iterable[str] = (),
        metrics_tokens: Mapping[str, Iterable[str]] | None = None,
        open_writes: Collection[str] = (),
    ) -> None:
        self._digests = _digests(tokens)
        self._by_path: dict[str, tuple[bytes, ...]] = {
            METRICS_PATH + category: _digests(held) for category, held in (metrics_tokens or {}).items()
        }
        if METRICS_PATH + "all" in self._by_path:
            self._by_path["/metrics"] = self._by_path[METRICS_PATH + "all"]
        self._open_writes = frozenset(open_writes)
        self._has_tokens = bool(self._digests or self._by_path)

    def judge(self, method: str, path: str, authorizations: Sequence[bytes]) -> Verdict:
        """Return the verdict; `path` is what routing sees, `authorizations` the values of that header."""
        is_read = method in _READS
        if is_read and not self._has_tokens:
            return "allowed"
        if (is_read and path == OPEN_PATH) or (method == "POST" and path in self._open_writes):
            return "allowed"
        accepted = (*self._digests, *self._by_path.get(path, ())) if is_read else self._digests
        if _is_one_of(authorizations, accepted):
            return "allowed"
        if has_effect(method) and not self._digests:
            return "writes_closed"
        return "unauthorized" if self._has_tokens else "allowed"


def _digests(tokens: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(hashlib.sha256(token.encode()).digest() for token in tokens)


def _is_one_of(authorizations: Sequence[bytes], accepted: tuple[bytes, ...]) -> bool:
    """Tell whether the one value given is `Bearer` with a token of these; a header given twice is none."""
    scheme, _, token = authorizations[0].partition(b" ") if len(authorizations) == 1 else (b"", b"", b"")
    given = hashlib.sha256(token).digest()
    matches = 0
    for digest in accepted:
        matches |= hmac.compare_digest(given, digest)
    return bool(matches) and scheme.lower() == b"bearer"
