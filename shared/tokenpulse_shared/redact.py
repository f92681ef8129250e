"""Mask secrets in text that leaves the process."""

import re
from typing import Final

from tokenpulse_shared.names import printable
from tokenpulse_shared.records import MAX_ERROR_MESSAGE_CHARACTERS
from tokenpulse_shared.secret_shapes import REACH_CHARACTERS, key_spans, secret_spans

MASK: Final = "***"

_INSPECTED_CHARACTERS: Final = 1024
"""How much of a text is looked at: bounds the work; what lies behind is cut off anyway."""

_SHORTEST_KEY_CHARACTERS: Final = 32
"""A model's name may look like a short key, `fw-llama-v3p1-70b`; keys are longer."""

_QUERY_PASSWORD: Final = re.compile(r"([?&][^=&#]*password=)[^&#]*", re.IGNORECASE)


def masked(text: str) -> str:
    """Return the text's first 1,024 characters with every secret replaced by `***`; none is cut through."""
    parts: list[str] = []
    position = 0
    for begin, end in sorted(secret_spans(text[: _INSPECTED_CHARACTERS + REACH_CHARACTERS])):
        if begin >= _INSPECTED_CHARACTERS:
            break
        if begin > position:
            parts += (text[position:begin], MASK)
        elif not parts:
            parts.append(MASK)
        position = max(position, end)
    parts.append(text[position:_INSPECTED_CHARACTERS])
    return "".join(parts)


def masked_error(text: str) -> str:
    """Return error text with secrets masked, unsafe characters replaced, cut to 500 characters."""
    return printable(masked(text)[:MAX_ERROR_MESSAGE_CHARACTERS])


def masked_name(name: str) -> str:
    """Return a name that a caller sent, `***` if it holds a vendor's key: some send theirs as the model."""
    if len(name) < _SHORTEST_KEY_CHARACTERS:
        return name
    is_key = any(end - begin >= _SHORTEST_KEY_CHARACTERS for begin, end in key_spans(name))
    return MASK if is_key else name


def masked_url(url: str) -> str:
    """Return a URL with its passwords masked; text that is no URL is masked whole.

    Everything up to the last `@` is taken for the login, so that a password with a raw `/` stays hidden.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return MASK
    rest = _QUERY_PASSWORD.sub(rf"\1{MASK}", rest)
    login, at, host = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    if colon:
        login = f"{user}:{MASK}"
    return f"{scheme}://{login}{at}{host}"
