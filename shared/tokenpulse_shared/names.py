"""Names from callers, made safe to keep: bounded, printable, valid UTF-8."""

import re
from hashlib import blake2b
from typing import Final

OTHER: Final = "__other__"
"""The series that takes what is not admitted under its own name."""

UNKNOWN: Final = "unknown"
"""The provider of a model id that names none."""

KNOWN_PROVIDERS: Final = frozenset(
    (
        UNKNOWN,
        *(
            "ai21",
            "anthropic",
            "azure",
            "bedrock",
            "cerebras",
            "cohere",
            "deepinfra",
            "deepseek",
            "fireworks",
        ),
        *(
            "gemini",
            "google",
            "groq",
            "huggingface",
            "hyperbolic",
            "meta",
            "meta-llama",
            "microsoft",
            "minimax",
        ),
        *("mistral", "mistralai", "moonshot", "moonshotai", "nebius", "novita", "nvidia", "ollama", "openai"),
        *("openrouter", "perplexity", "qwen", "replicate", "sambanova", "together", "vertex", "vertex_ai"),
        *("x-ai", "xai", "z-ai", "zai"),
    )
)
"""Providers that become a series at their first request: one that is down from the start must be seen.

Any other prefix of a model id may be a caller's invention, and needs a success first.
"""

MAX_NAME_CHARACTERS: Final = 200
"""Longest provider or model name kept; the longest real model id we know has 95 characters."""

_DIGEST_CHARACTERS: Final = 16
_DIGESTED_CHARACTERS: Final = 4096
"""How much of either end of a long name its digest is made from: bounds the work on one of a megabyte."""

# C0, DEL, C1, line and paragraph separators, bidirectional controls, BOM, lone surrogates.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    """Return the text with control, bidirectional and surrogate characters replaced by U+FFFD.

    Printable ASCII is returned as it is, at the cost of two C-level checks.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub("\ufffd", text)


def clean_name(name: str) -> str:
    """Return a provider's or model's name, printable, of at most `MAX_NAME_CHARACTERS`.

    A longer one ends in `~` with a digest of the whole, so that two that begin alike stay apart.
    """
    return printable(name if len(name) <= MAX_NAME_CHARACTERS else _shortened(name))


def _shortened(name: str) -> str:
    ends = f"{len(name)} {name[:_DIGESTED_CHARACTERS]}{name[-_DIGESTED_CHARACTERS:]}"
    digest = blake2b(ends.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_CHARACTERS // 2).hexdigest()
    return f"{name[: MAX_NAME_CHARACTERS - _DIGEST_CHARACTERS - 1]}~{digest}"


def provider_of_model(model: str) -> str:
    """Return the part of a model id before `/`, else before `:`, else `unknown`.

    `openai/gpt-4o` → `openai`; `llama3:8b` → `llama3`; `gpt-4o` → `unknown`.
    """
    head, separator, _ = model.partition("/")
    if not separator:
        head, separator, _ = model.partition(":")
    return head if separator and head else UNKNOWN
