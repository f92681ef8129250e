"""Properties of masking: no vendor's secret leaves, wherever it stands; ordinary text stays. All secrets are made up."""

import random
import string
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse_shared.records import MAX_ERROR_MESSAGE_CHARACTERS
from tokenpulse_shared.redact import MASK, masked_error, masked_url

ALPHANUMERIC: Final = string.ascii_letters + string.digits
DASHED: Final = ALPHANUMERIC + "-_"
HEX: Final = "0123456789abcdef"
UPPER: Final = string.ascii_uppercase + string.digits

MOST_SHOWN: Final = 4
"""Characters of a secret's random part that may show: less than helps anybody."""


class Shape(NamedTuple):
    """Say how a vendor's secrets look: a prefix, then random characters."""

    prefix: str
    alphabet: str
    length: int


SHAPES: Final = (
    Shape("sk-", ALPHANUMERIC, 48),  # OpenAI's older ones, Moonshot
    Shape("sk-", HEX, 32),  # DeepSeek
    Shape("sk-proj-", DASHED, 156),
    Shape("sk-svcacct-", DASHED, 100),
    Shape("sk-ant-api03-", DASHED, 95),
    Shape("sk-ant-oat01-", DASHED, 95),
    Shape("sk-or-v1-", HEX, 64),
    Shape("sk-lf-", HEX, 32),
    Shape("sk_live_", ALPHANUMERIC, 24),
    Shape("rk_live_", ALPHANUMERIC, 24),
    Shape("AIza", DASHED, 35),
    Shape("ya29.", DASHED, 100),
    Shape("1//0", DASHED, 40),
    Shape("GOCSPX-", DASHED, 28),
    Shape("gsk_", ALPHANUMERIC, 52),
    Shape("xai-", ALPHANUMERIC, 80),
    Shape("hf_", ALPHANUMERIC, 34),
    Shape("api_org_", ALPHANUMERIC, 34),
    Shape("r8_", ALPHANUMERIC, 37),
    Shape("pplx-", ALPHANUMERIC, 48),
    Shape("fw_", ALPHANUMERIC, 24),
    Shape("csk-", string.ascii_lowercase + string.digits, 48),
    Shape("nvapi-", DASHED, 64),
    Shape("tgp_v1_", DASHED, 43),
    Shape("pa-", DASHED, 43),
    Shape("jina_", ALPHANUMERIC, 60),
    Shape("tvly-", ALPHANUMERIC, 32),
    Shape("AKIA", UPPER, 16),
    Shape("ASIA", UPPER, 16),
    Shape("ABSK", ALPHANUMERIC + "+/", 120),
    Shape("ghp_", ALPHANUMERIC, 36),
    Shape("gho_", ALPHANUMERIC, 36),
    Shape("ghs_", ALPHANUMERIC, 36),
    Shape("github_pat_", ALPHANUMERIC + "_", 82),
    Shape("glpat-", DASHED, 20),
    Shape("xoxb-", ALPHANUMERIC + "-", 50),
    Shape("npm_", ALPHANUMERIC, 36),
    Shape("pypi-", DASHED, 150),
    Shape("dapi", HEX, 32),
    Shape("lsv2_pt_", ALPHANUMERIC + "_", 42),
    Shape("pcsk_", ALPHANUMERIC + "_", 70),
    Shape("eyJhbGciOiJIUzI1NiJ9.eyJz", DASHED + ".", 200),
)
SHAPELESS: Final = (
    Shape("", HEX, 32),  # Azure, Mistral, AssemblyAI
    Shape("", ALPHANUMERIC, 40),  # Cohere
    Shape("", ALPHANUMERIC + "+/", 40),  # AWS' secret access key
)
ANYWHERE: Final = (
    "{}",
    "key {} denied",
    "Incorrect API key provided: {}. You can find yours in the console.",
    "the token `{}` has expired",
    '{{"error": {{"message": "bad key", "key": "{}"}}}}',
    "GET /v1/models?alt=json&key={} failed with 403",
    "https://api.example/v1?next=x%20{}",
    "(b'x-goog-api-key', b'{}')",
    "https://{}@git.example/repo",
)
NAMED: Final = (
    "Authorization: Bearer {}",
    "authorization: {}",
    "'Authorization': 'Bearer {}'",
    "[(b'authorization', b'Bearer {}')]",
    "curl -H 'api-key: {}' https://api.example",
    "x-api-key={}",
    '{{"api_key": "{}"}}',
    '{{\\"apiKey\\": \\"{}\\"}}',
    "OPENAI_API_KEY={}",
    "client(api_key='{}', timeout=3)",
    "Incorrect API key provided: {}",
    "invalid access token {}",
    "https://api.example/v1?api_key={}&page=2",
    "https://api.example/v1?subscription-key={}",
    "https://blob.example/x?sv=2024&sig={}",
    "aws_secret_access_key = {}",
    "DefaultEndpointsProtocol=https;AccountKey={};EndpointSuffix=x",
    "client_secret={}&grant_type=refresh",
    "password={}",
    '"password": "{}"',
    "redis://:{}@cache.example:6379/0",
    "postgres://app:{}@db.example/app",
)
ORDINARY: Final = (
    "Rate limit reached for gpt-4o in organization org-a1 on tokens per min (TPM): Limit 30000, Used 29000.",
    "This model's context is 8192 tokens, however you requested 9000 tokens (8000 in your prompt; 1000 for it).",
    "max_tokens: 4096 is too large; max_completion_tokens=8192",
    "prompt_tokens=12, completion_tokens=7, total_token: 19",
    "The model `claude-3-5-sonnet-20241022` does not exist or you do not have access to it.",
    "Your API key for model claude-3-5-sonnet-20241022 has no access",
    "Bearer authentication is required",
    "Basic authentication failed, see the documentation",
    'WWW-Authenticate: Bearer realm="api", error="invalid_token"',
    "Missing API key: please provide one",
    "You didn't provide an API key. You need to provide your API key in an Authorization header.",
    "Unexpected token: 'else', expected an expression",
    "Unexpected token } in JSON at position 42",
    "unknown key: response_format_json_schema_v2",
    "the hf-inference provider is down; see hf_hub_download",
    "meta-llama/Llama-3.3-70B-Instruct is overloaded (request req_011CSHoEeqs5C35K2UUqR7Fy)",
    "request 123e4567-e89b-12d3-a456-426614174000 timed out after 60.0 s",
    "Connection to https://api.example:443/v1/chat/completions?stream=true timed out",
    "see https://docs.example:8080/errors?mail=help@docs.example",
    "risk-assessment-2024 and disk-usage-100 are task-specific",
    "insufficient credentials, 'project' is not set",
    "Secret santa is a game. A cookie is a biscuit.",
    "stop sequences: ['</s>', '<|eot_id|>'], special token: <|endoftext|>",
    "Überlastet: bitte später erneut versuchen – 503",
    "sk-learn is no key, neither is SK-HYNIX-2024",
    "Error code: 429 - {'error': {'message': 'slow down', 'type': 'rate_limit', 'code': None}}",
)


@st.composite
def _secrets(draw: st.DrawFn, shapes: tuple[Shape, ...]) -> tuple[str, str]:
    """Return (secret, its random part); random enough to hold digits and letters in turn."""
    shape = draw(st.sampled_from(shapes))
    spread = "4d9a2c7b" if shape.alphabet is HEX else "4D9A2C7B"
    drawn = draw(st.text(shape.alphabet, min_size=shape.length - 8, max_size=shape.length - 8))
    body = "".join(spread[at % 8] if at % 3 == 0 else held for at, held in enumerate(drawn)) + spread
    return shape.prefix + body, body


def _assert_hidden(body: str, shown: str) -> None:
    found = [
        body[at : at + MOST_SHOWN + 1]
        for at in range(len(body) - MOST_SHOWN)
        if body[at : at + MOST_SHOWN + 1] in shown
    ]

    assert found == []
    assert len(shown) <= MAX_ERROR_MESSAGE_CHARACTERS


FILLER: Final = st.tuples(
    st.sampled_from(["ö ", "ö", "words of it, ", "\n", "漢"]), st.integers(0, 1700)
).map(lambda drawn: (drawn[0] * drawn[1])[: drawn[1]] + " ")
"""Text of up to 1,700 characters: the secret stands before, on and behind both edges of what is kept."""


@settings(max_examples=500)
@given(_secrets(SHAPES), st.sampled_from(ANYWHERE + NAMED), FILLER)
def test_a_vendors_key_is_hidden_wherever_it_stands(
    secret: tuple[str, str], context: str, before: str
) -> None:
    """Known by its shape, in prose, headers, JSON, queries and logins, at any distance from a cut."""
    _assert_hidden(secret[1], masked_error(before + context.format(secret[0]) + " and so on"))


@given(_secrets(SHAPELESS), st.sampled_from(NAMED), FILLER)
def test_a_key_without_a_shape_is_hidden_by_its_name(
    secret: tuple[str, str], context: str, before: str
) -> None:
    """What is but hexadecimal or base64 is known by what stands before it."""
    _assert_hidden(secret[1], masked_error(before + context.format(secret[0]) + " and so on"))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.prefix}{shape.length}")
def test_every_vendors_key_is_hidden_in_every_context(shape: Shape) -> None:
    """Each shape with each context, in the middle of a text and cut by what is kept of it."""
    source = random.Random(7)
    for context in ANYWHERE + NAMED:
        for before in (0, 480, 1010):
            body = "".join(source.choices(shape.alphabet, k=shape.length - 4)) + "4d7c"
            _assert_hidden(body, masked_error("ö " * (before // 2) + context.format(shape.prefix + body)))


@given(_secrets(SHAPES), st.lists(st.sampled_from(ANYWHERE + NAMED), min_size=1, max_size=12), FILLER)
def test_many_secrets_are_all_hidden(secret: tuple[str, str], contexts: list[str], before: str) -> None:
    """Several in one text, so that the masks shift what lies on the cut."""
    text = before + "; ".join(context.format(secret[0]) for context in contexts)

    _assert_hidden(secret[1], masked_error(text))


@given(
    _secrets(SHAPES + SHAPELESS),
    st.sampled_from(["https://u:{}@h/p", "redis://:{}@h:1/0", "x://h/?password={}"]),
)
def test_a_urls_password_is_hidden(secret: tuple[str, str], url: str) -> None:
    """Of a configured URL too, whatever its password is."""
    _assert_hidden(secret[1], masked_url(url.format(secret[0])))


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    """What vendors say in words is what an operator needs: nothing of it is masked."""
    assert masked_error(text) == text


def test_a_private_key_is_hidden_also_when_cut() -> None:
    """From its first line to its last, or to the end of the text."""
    body = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"] * 40)
    whole = f"bad key -----BEGIN RSA PRIVATE KEY-----\n{body[:300]}\n-----END RSA PRIVATE KEY----- given"

    assert masked_error(whole) == f"bad key {MASK} given"
    assert masked_error(f"bad key -----BEGIN PRIVATE KEY-----\n{body}") == f"bad key {MASK}"


@given(st.text(st.characters(codec=None), max_size=3000))
def test_any_text_can_be_kept(text: str) -> None:
    """Whatever comes in, what comes out is valid UTF-8 within the bound, and the same when masked again."""
    shown = masked_error(text)

    assert len(shown) <= MAX_ERROR_MESSAGE_CHARACTERS
    assert shown.encode().decode() == shown
