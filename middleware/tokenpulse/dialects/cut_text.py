"""Find the generated text at the beginning of an event that is too long to keep."""

import re


def text_pattern(*keys: str) -> re.Pattern[bytes]:
    """Return what finds the first text, not empty, that one of these keys holds."""
    return re.compile(b'"(%s)"\\s*:\\s*"([^"]+)' % "|".join(keys).encode())


def first_text(head: bytes, pattern: re.Pattern[bytes]) -> tuple[str, str] | None:
    """Return the key and what is kept of its text, escapes as they are; None without one. O(bytes of head)."""
    found = pattern.search(head)
    if found is None:
        return None
    return found[1].decode(), found[2].decode("utf-8", "replace")
