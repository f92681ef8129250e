"""Find the secrets in a text: where each begins, where it ends.

Strategy: a secret is known by its own shape (a vendor's prefix, a JWT), by the name before it (`api_key=`,
`Authorization:`), by standing in a URL's login or after `Bearer`. Ordinary words are none, also where a secret may
stand (`token: expected`, `Bearer authentication`): unless quoted, assigned by `=`, or called a password, a value must
have a digit, or an upper-case letter behind a lower-case one, or be long.
Bounds: every repetition that may fail is bounded, so that a text takes time in proportion to its length.
"""

import re
from collections.abc import Iterator
from typing import Final

Span = tuple[int, int]
"""Where a secret begins, and the place after its end."""

REACH_CHARACTERS: Final = 600
"""How much of a secret must be there at most to be seen as one: the login of a URL, up to its `@`."""

# Case counts: `SK-Hynix` is no key. A key follows anything but a letter or digit; `%20` of a URL is no digit.
_SHAPED: Final = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-F]{2}))(?:"
    r"sk[-_](?=[A-Za-z0-9_-]{0,64}[0-9A-Z*]|[a-z]{10})[A-Za-z0-9*._-]{6,}"  # OpenAI, Anthropic, DeepSeek, OpenRouter, Stripe
    r"|(?:pk|rk|whsec|pa|fw|fpk|rpa|co)[-_](?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9*_-]{16,}"
    r"|(?:gsk|r8|jina|npm|hf|api_org|gh[oprsu])_[A-Za-z0-9*]{10,}|(?:github_pat|pcsk|lsv2_pt|lsv2_sk)_[\w*]{10,}"
    r"|(?:tgp|dop)_v1_[A-Za-z0-9*_-]{10,}"
    r"|(?:xai|pplx|csk|nvapi|sess|tvly|glpat|GOCSPX|xox[abeprs])-[A-Za-z0-9*_-]{10,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}|ABSK[A-Za-z0-9+/=]{20,}"  # AWS, Bedrock
    r"|AIza[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9._-]{10,}|1//0[A-Za-z0-9_-]{20,}"  # Google
    r"|SG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|dapi[0-9a-f]{32}|pypi-[A-Za-z0-9_-]{16,}"
    r"|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9._-]+|(?<=[A-Za-z0-9_-]{40}))"  # a JWT, whole or cut
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
    r")"
)
_NAMED: Final = re.compile(
    r"(?:(?P<password>passw(?:or)?d|passphrase|\bpwd)"
    r"|(?:api|access|secret|private|account|subscription|shared[-_ ]?access)[-_ ]?(?:key(?:[-_ ]?id)?|signature)"
    r"|client[-_ ]?secret|authorization|credentials?|signature|secret|cookie"
    r"|(?P<word>(?<![-_a-z])token)|token"  # alone it is a word of parsers as well: `Unexpected token: 'else'`
    r"|[?&;]\s?(?:key|sig|auth|sid|session)(?==))"
    r"(?:(?:\\*[\"'])?\s{0,8}(?P<sign>[:=])|\\*[\"']\s{0,8},(?=\s{0,8}b?\\*[\"']))\s{0,8}"
    r"(?:b?\\*(?P<quote>[\"']))?"
    r"(?P<scheme>(?:bearer|basic|token|apikey|key|digest)\s{1,8}(?=[^\s\"']))?"
    r"(?P<value>(?(quote)[^\"'\\]+|[^\s\"'`,;&<>(){}\[\]\\]+))",
    re.IGNORECASE,
)
_TOLD: Final = re.compile(
    r"\b(?:key|token|secret|credential)s?"
    r"(?:\s{1,4}(?:provided|given|used|supplied|is|was|value|invalid|incorrect)){0,3}\s{0,4}[:=]?\s{0,4}[\"'`(]?"
    r"(?P<value>(?=(?:[A-Za-z*_+/=-]{0,16}[0-9]){3})[A-Za-z0-9*_+/=-]{24,})",
    re.IGNORECASE,
)
_LOGIN: Final = re.compile(
    r"://(?P<value>:[^\s\"'<>]{1,300}"
    r"|[^\s/?#@:\"'<>]{1,256}:(?!\d{1,5}[/?#])[^\s\"'<>]{0,300}"
    r"|[^\s/?#@:\"'<>]{16,256})@"
)
_SCHEMED: Final = re.compile(
    r"\b(?:bearer|basic)\s{1,8}(?!(?:realm|error|scope|charset)=)(?P<value>[A-Za-z0-9._~+/=*-]{6,})",
    re.IGNORECASE,
)
_SECRETISH: Final = re.compile(r"\D*\d|[\s\S]*[a-z][A-Z]|[\s\S]{20}")
"""What a value is that is no ordinary word."""
_COUNT: Final = re.compile(r"\d{1,9}\.?")


def key_spans(text: str) -> Iterator[Span]:
    """Yield where keys of vendors stand that have a shape of their own, in order."""
    for match in _SHAPED.finditer(text):
        yield match.span()


def secret_spans(text: str) -> Iterator[Span]:
    """Yield where secrets stand; spans may overlap, and come in no order."""
    yield from key_spans(text)
    if ":" in text or "=" in text or "," in text:
        yield from _named(text)
    for match in _TOLD.finditer(text):
        yield match.span("value")
    if "@" in text:
        for match in _LOGIN.finditer(text):
            yield match.span("value")
    for match in _SCHEMED.finditer(text):
        if _SECRETISH.match(match["value"].rstrip(".")):
            yield match.span("value")


def _named(text: str) -> Iterator[Span]:
    position = 0
    while match := _NAMED.search(text, position):
        if match["password"] or _is_secret(match):
            yield match.span("value")
            position = match.end()
        else:  # a word: what follows it may be a name itself
            position = match.start("value")


def _is_secret(match: re.Match[str]) -> bool:
    """Tell whether a named value is no ordinary word or number."""
    value = match["value"]
    if _COUNT.fullmatch(value):
        return False
    is_sure = match["sign"] == "=" or match["scheme"] or (match["quote"] and not match["word"])
    return bool(is_sure or _SECRETISH.match(value))
