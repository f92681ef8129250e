"""Count what is posted with an `Idempotency-Key` once, however often it is posted.

The header is that of the IETF's draft `draft-ietf-httpapi-idempotency-key-header`: text, in double quotes or without.
"""

import logging
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers

from tokenpulse_reader.http.problems import RETRY_SECONDS, ProblemError, bad_parameter
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.post_keys import CLAIM_SECONDS
from tokenpulse_shared.store import MetricsStore

HEADER: Final = "Idempotency-Key"
MAX_KEY_CHARACTERS: Final = 255
_logger = logging.getLogger(__name__)


def idempotency_key(headers: Headers) -> str | None:
    """Return the request's key, None without one.

    Raises:
        ProblemError: 400, the header came twice, is empty, too long, or holds what is not visible ASCII.
    """
    values = headers.getlist(HEADER)
    if not values:
        return None
    key = values[0].strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    is_usable = len(values) == 1 and key.isascii() and key.isprintable() and " " not in key
    if not is_usable or not 1 <= len(key) <= MAX_KEY_CHARACTERS:
        message = f"`{HEADER}` must be given once, of 1 to {MAX_KEY_CHARACTERS} visible characters of ASCII"
        raise bad_parameter(HEADER, message, {"most": MAX_KEY_CHARACTERS})
    return key


async def count_once(store: MetricsStore, key: str, body: bytes, count: Callable[[], None]) -> bool:
    """Call `count` unless a post with this key was counted; return whether it was called.

    Between the key's being claimed and `count` nothing is waited for, so no claim that is known to hold is left alone.

    Raises:
        ProblemError: 409 such a post is under way, 422 the key came with another body, 503 Redis does not tell.
    """
    try:
        state = await store.post_keys.claim(key, body, await store.now())
    except StoreUnavailableError as error:  # its text is in tokenpulse's own words: see `store_errors`
        message = f"nothing was counted, post it again: {error}"
        raise ProblemError(503, "not_counted", message, retry_after_seconds=RETRY_SECONDS) from error
    if state == "under_way":
        message = (
            f"a post with this `{HEADER}` is under way, or broke off less than {CLAIM_SECONDS} seconds ago"
        )
        raise ProblemError(409, "under_way", message, parameter=HEADER, retry_after_seconds=RETRY_SECONDS)
    if state == "other_body":
        message = f"this `{HEADER}` came with another body before"
        raise ProblemError(422, "key_reused", message, parameter=HEADER)
    if state == "counted":
        return False
    count()
    try:
        await store.post_keys.confirm(key, body, await store.now())
    except StoreUnavailableError as error:
        _logger.warning("a counted post is remembered for %s s only: %s", CLAIM_SECONDS, error)
    return True
