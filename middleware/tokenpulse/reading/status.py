"""Read the status that an app starts its response with."""

from typing import Final

LOWEST: Final = 100
HIGHEST: Final = 999
"""RFC 9110 gives statuses three digits; those past 599 mean nothing, yet some send them."""


def usable_status(told: object) -> int | None:
    """Return a status, None for what can be none; hypercorn takes text as well.

    An `HTTPStatus` becomes the int it is: what is kept must be fit for JSON.
    """
    if type(told) is not int:
        if isinstance(told, str | bytes) and len(told) == 3 and told.isdigit() and told.isascii():
            told = int(told)
        elif not isinstance(told, int) or isinstance(told, bool):
            return None
    return int(told) if LOWEST <= told <= HIGHEST else None
