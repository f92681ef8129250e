"""What to look up: the provider and the model of a request, as price tables may know them.

The names come from callers, in many spellings: `openai/gpt-4o` asked of openai, `models/gemini-2.5-pro`,
`us.anthropic.claude-…-v1:0`. Pure; about 2 µs a name.
"""

import re
from typing import Final, NamedTuple

from tokenpulse_shared.names import KNOWN_PROVIDERS, UNKNOWN, provider_of_model
from tokenpulse_shared.pricing.providers import PROVIDER_NAMES, names_of

BEDROCK_REGION: Final = re.compile(r"(?:us|eu|apac|jp|au|ca|sa|us-gov|global)\.")
"""What a cross-region inference profile puts before a Bedrock model id."""

# https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
_BEDROCK_ID: Final = re.compile(
    rf"arn:aws[a-z-]*:bedrock:|(?:{BEDROCK_REGION.pattern})?"
    r"(?:ai21|amazon|anthropic|cohere|deepseek|meta|minimax|mistral|moonshot|openai|qwen|writer)\.[a-z]"
)
_FIREWORKS_ID: Final = "accounts/fireworks/"
_PATH_LIKE: Final = frozenset(("aws", "google"))
"""Whose ids stand at the end of a path: `publishers/google/models/…`, `arn:…:inference-profile/…`."""

_FREE_VARIANT: Final = ":free"
"""OpenRouter's mark of a variant without charge: no other provider's price is right for it."""


class Wanted(NamedTuple):
    """Name a model to look up, in lower case.

    `asked` is the whole id; `model` is the id inside its provider. `provider` is `unknown` when nothing tells
    it: only then may a table of any provider be used.
    """

    provider: str
    asked: str
    model: str


def wanted(provider: str, model: str) -> Wanted:
    """Return what to look up for a request's provider and model."""
    asked = model.lower()
    name = _provider(provider.lower(), asked)
    if name == UNKNOWN:
        return Wanted(name, asked, asked)
    names = names_of(name)
    inside = asked
    for prefix in (name, *names.price_file):
        if asked.startswith((f"{prefix}/", f"{prefix}:")):
            inside = asked[len(prefix) + 1 :]
            break
    if names.genai in _PATH_LIKE:
        inside = inside.rpartition("/")[2]
    return Wanted(name, asked, inside)


def _provider(given: str, asked: str) -> str:
    """Return whose model it is; a name that was only cut from the model's id may tell no provider."""
    if asked.endswith(_FREE_VARIANT):
        return "openrouter"
    if given == UNKNOWN:
        given = provider_of_model(asked)
    elif not asked.startswith((f"{given}/", f"{given}:")):
        return given
    if given != UNKNOWN and (given in KNOWN_PROVIDERS or given in PROVIDER_NAMES):
        return given
    if asked.startswith(_FIREWORKS_ID):
        return "fireworks"
    if _BEDROCK_ID.match(asked):
        return "bedrock"
    return given if asked.startswith(f"{given}/") else UNKNOWN  # `llama3` of `llama3:8b` is no provider
