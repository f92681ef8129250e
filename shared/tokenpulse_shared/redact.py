"""Mask secrets in text that leaves the process."""

import re
from typing import Final

from tokenpulse_shared.names import printable
from tokenpulse_shared.records import MAX_ERROR_MESSAGE_CHARACTERS

MASK: Final = "***"

_INSPECTED_CHARACTERS: Final = 4096
"""How much of a text is looked at: bounds the work; what lies behind is cut off anyway."""

# No branch starts with a repetition: on one long word that would be quadratic, 0.5 s for 4,096 characters.
_SECRETS: Final = re.compile(
    r"(?P<url>://)[^\s/@:]*:[^\s/@]+@"
    r"|(?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}"
    r"|(?P<name>(?:api[_-]?key|access[_-]?key|token|secret|password|passwd|authorization)"
    r"[\"']?\s*[:=]\s*[\"']?)(?!\s|bearer\b|basic\b)[^\s\"',;&]{4,}"
    r"|\b(?:sk|pk|rk|gsk|xai|hf|r8|pplx|fw|csk|nvapi|tgp|ghp|gho|xoxb|xoxp)[-_][A-Za-z0-9*._-]{6,}"
    r"|\bAIza[A-Za-z0-9_-]{20,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+",
    re.IGNORECASE,
)
_QUERY_PASSWORD: Final = re.compile(r"(password=)[^&#]*", re.IGNORECASE)


def _mask(match: re.Match[str]) -> str:
    kept = match["url"]
    if kept:
        return f"{kept}{MASK}@"
    return f"{match['scheme'] or match['name'] or ''}{MASK}"


def masked_error(text: str) -> str:
    """Return error text with secrets masked, unsafe characters replaced, cut to 500 characters."""
    text = _SECRETS.sub(_mask, text[:_INSPECTED_CHARACTERS])
    return printable(text[:MAX_ERROR_MESSAGE_CHARACTERS])


def masked_url(url: str) -> str:
    """Return a URL with its passwords masked; text that is no URL is masked whole.

    Everything up to the last `@` is taken for the login, so that a password with a raw `/` stays hidden.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return MASK
    login, at, host = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    if colon:
        login = f"{user}:{MASK}"
    return _QUERY_PASSWORD.sub(rf"\1{MASK}", f"{scheme}://{login}{at}{host}")
