"""Read the reader's bearer tokens from the text of settings, pure.

A token is one or more visible characters without a comma, so that a list needs no quoting.
"""

from typing import Final

METRICS_CATEGORIES: Final = (
    "all",
    "system",
    "providers",
    "models",
    "business",
    "performance",
    "summary",
    "docs",
)
"""What stands behind `/prometheus/metrics/`."""


def token_list(text: str) -> tuple[str, ...]:
    """Return the tokens of text like `first,second`, each once.

    Raises:
        ValueError: there is none, or one holds white space or control characters; says what was expected.
    """
    tokens = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not tokens or not all(map(_is_token, tokens)):
        raise ValueError("a token, or several with commas between, without spaces inside")
    return tokens


def tokens_by_category(text: str) -> dict[str, tuple[str, ...]]:
    """Return the tokens of text like `providers=abc,models=def`; a category may be named more than once.

    Raises:
        ValueError: as `token_list`, or a category that is none; says what was expected.
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        category, _, token = (each.strip() for each in part.partition("="))
        if category not in METRICS_CATEGORIES or not _is_token(token):
            raise ValueError(
                f"`category=token`, several with commas between; categories: {', '.join(METRICS_CATEGORIES)}"
            )
        found[category] = (*found.get(category, ()), token)
    return found


def _is_token(text: str) -> bool:
    return text.isprintable() and bool(text) and not any(map(str.isspace, text))
