"""Every setting of the middleware, the reader and the command line, in one table.

A value comes from the constructor or the flag, else from `TOKENPULSE_<NAME>`, else (for the connection) from
`REDIS_URL` or `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD`, `REDIS_DB`, else it is the default here. A wrong
value raises `SettingsError`, which names the variable, the value and what was expected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import PurePath
from typing import Any, Final, Literal, Self, cast
from urllib.parse import quote

from tokenpulse_shared.access_tokens import token_list, tokens_by_category
from tokenpulse_shared.connections.redis_url import check_redis_url
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.host_names import host_list
from tokenpulse_shared.keyspace import DEFAULT_PREFIX, Keyspace
from tokenpulse_shared.redact import masked_url

ENVIRONMENT_PREFIX: Final = "TOKENPULSE_"
_TRUE: Final = frozenset(("1", "true", "yes", "on"))
_FALSE: Final = frozenset(("0", "false", "no", "off"))


class _WrongValueError(Exception):
    """Carry what was expected of a value to the place that knows the setting's name."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongValueError("text that is not empty")
    return value.strip()


def _optional_text(value: object) -> str | None:
    return None if value is None or value == "" else _text(value)


def _optional_path(value: object) -> str | None:
    return _optional_text(str(value) if isinstance(value, PurePath) else value)


def _checked(read: Callable[[str], object]) -> Callable[[object], str | None]:
    def parse(value: object) -> str | None:
        text = _optional_text(value)
        try:
            if text is not None:
                read(text)
        except ValueError as error:
            raise _WrongValueError(str(error)) from error
        return text

    return parse


def _redis_url(value: object) -> str:
    try:
        return check_redis_url(_text(value))
    except ValueError as error:
        raise _WrongValueError(str(error)) from error


def _prefix(value: object) -> str:
    try:
        return Keyspace(_text(value)).prefix
    except SettingsError as error:
        raise _WrongValueError(error.expected) from error


def _boolean(value: object) -> bool:
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise _WrongValueError("true or false (or 1/0, yes/no, on/off)")
    return word in _TRUE


def _one_of(*words: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        word = str(value).strip().lower()
        if word not in words:
            raise _WrongValueError(" or ".join((", ".join(words[:-1]), words[-1])))
        return word

    return parse


def _integer(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        try:
            number = int(cast("str | int", value))
        except (TypeError, ValueError):
            number = least - 1
        if isinstance(value, bool | float) or not least <= number <= most:
            raise _WrongValueError(f"a whole number from {least} to {most}")
        return number

    return parse


def _share(value: object) -> float:
    try:
        number = float(cast("str | float", value))
    except (TypeError, ValueError):
        number = 0.0
    if isinstance(value, bool) or not 0.0 < number <= 1.0:
        raise _WrongValueError("a number above 0, up to 1")
    return number


def _seconds(least: float, most: float) -> Callable[[object], float]:
    def parse(value: object) -> float:
        try:
            number = float(cast("str | float", value))
        except (TypeError, ValueError):
            number = least - 1.0
        if isinstance(value, bool) or not least <= number <= most:
            raise _WrongValueError(f"seconds from {least:g} to {most:g}")
        return number

    return parse


def _setting(default: Any, parse: Callable[[object], Any], help_text: str, used_by: str) -> Any:
    return field(default=default, metadata={"parse": parse, "help": help_text, "used_by": used_by})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hold one value for each setting, checked; make it with `Settings.load`.

    The fields are the documented table (`docs/configuration.md` is compared with them in the tests).
    """

    redis_url: str = _setting("redis://localhost:6379/0", _redis_url, "where the numbers are kept", "both")
    key_prefix: str = _setting(DEFAULT_PREFIX, _prefix, "what every Redis key starts with", "both")
    app_name: str = _setting("app", _text, "label `app_name` of the HTTP metrics", "middleware")
    flush_interval: float = _setting(
        1.0, _seconds(0.05, 60), "seconds between two flushes to Redis", "middleware"
    )
    provider_header: str | None = _setting(
        None, _optional_text, "request header that names the provider", "middleware"
    )
    endpoints: str | None = _setting(
        None,
        _optional_text,
        "further inference paths, as `/path=dialect, …`; `/path=none` for what is no inference",
        "middleware",
    )
    estimate_usage: Literal["off", "events", "characters"] = _setting(
        "off",
        _one_of("off", "events", "characters"),
        "how output tokens are estimated where a response tells no usage: `off`, `events`, `characters`",
        "middleware",
    )
    inject_include_usage: bool = _setting(
        False,
        _boolean,
        "ask for usage where a request for an OpenAI-compatible stream does not, and take it out of the response",
        "middleware",
    )
    max_providers: int = _setting(
        100, _integer(1, 10_000), "providers kept as series; the rest count as `__other__`", "middleware"
    )
    max_models_per_provider: int = _setting(
        200,
        _integer(1, 10_000),
        "models of a provider kept as series; the rest count as `__other__`",
        "middleware",
    )
    max_routes: int = _setting(
        500,
        _integer(1, 10_000),
        "routes of plain HTTP kept as series; the rest count as `__other__`",
        "middleware",
    )
    price_file: str | None = _setting(
        None,
        _optional_text,
        "file of prices in LiteLLM's JSON format, asked before genai-prices",
        "middleware",
    )
    genai_prices: bool = _setting(
        True, _boolean, "price by the genai-prices package where it is installed", "middleware"
    )
    spill_path: str | None = _setting(
        None,
        _optional_path,
        "directory where what is not yet in Redis outlives a killed process (see docs/processes.md)",
        "middleware",
    )
    spill_bytes: int = _setting(
        64 * 1024 * 1024,
        _integer(1024 * 1024, 64 * 1024**3),
        "most bytes that all processes' files in `spill_path` take together",
        "middleware",
    )
    raise_internal_errors: bool = _setting(
        False,
        _boolean,
        "re-raise the middleware's own faults instead of counting them: for tests",
        "middleware",
    )
    breaker_mode: Literal["off", "shadow", "enforce"] = _setting(
        "shadow",
        _one_of("off", "shadow", "enforce"),
        "what circuit breakers do: nothing (`off`), be moved but stop no request (`shadow`), "
        "answer 503 for a model whose breaker is open (`enforce`)",
        "middleware",
    )
    breaker_slow_latency: float = _setting(
        0.0,
        _seconds(0, 3600),
        "latency in seconds above which a call is slow for its breaker; 0: none is",
        "middleware",
    )
    breaker_slow_ttft: float = _setting(
        0.0,
        _seconds(0, 3600),
        "time to first token in seconds above which a stream is slow for its breaker; 0: none is",
        "middleware",
    )
    breaker_slow_ratio: float = _setting(
        0.5, _share, "share of slow calls, of at least 10 in a minute, that opens a breaker", "middleware"
    )
    breaker_probes: int = _setting(
        3,
        _integer(1, 1000),
        "calls that a half-open breaker lets through at the same time, over all processes",
        "middleware",
    )
    host: str = _setting("127.0.0.1", _text, "address the reader binds to", "reader")
    port: int = _setting(9100, _integer(0, 65535), "port the reader listens on; 0 takes a free one", "reader")
    api_token: str | None = _setting(
        None,
        _checked(token_list),
        "bearer token, several with commas between; once set, everything but /healthz needs one",
        "reader",
    )
    metrics_tokens: str | None = _setting(
        None,
        _checked(tokens_by_category),
        "further tokens for one `/prometheus/metrics/<category>` each, as `category=token, …`",
        "reader",
    )
    allow_open: bool = _setting(
        False, _boolean, "let a reader without a token bind to an address that is not loopback", "reader"
    )
    allowed_hosts: str | None = _setting(
        None,
        _checked(host_list),
        "further host names, with commas between, that a reader without a token answers to",
        "reader",
    )
    allow_open_writes: bool = _setting(
        False,
        _boolean,
        "take `POST /api/metrics/chat` without a token, from clients that measure themselves",
        "reader",
    )
    trial_hash_key: str | None = _setting(
        None,
        _optional_text,
        "secret that user ids of trials are hashed with; without it one is made and kept in Redis",
        "reader",
    )
    snapshot_interval: float = _setting(
        2.0, _seconds(0.1, 60), "seconds between two refreshes of what the reader serves", "reader"
    )
    health_interval: float = _setting(
        60.0, _seconds(0.1, 600), "seconds between two computations of the health scores", "reader"
    )
    metrics_profile: Literal["tokenpulse", "otel", "vllm"] = _setting(
        "tokenpulse",
        _one_of("tokenpulse", "otel", "vllm"),
        "under whose names metrics are served where a scraper names no `?profile=`",
        "reader",
    )
    acceptable_latency: float = _setting(
        10.0,
        _seconds(0.001, 3600),
        "latency in seconds at which a health score loses its latency part",
        "reader",
    )

    @classmethod
    def load(cls, environ: Mapping[str, str], **given: object) -> Self:
        """Return the settings from what was given (None: not given), then the environment, then defaults.

        Raises:
            SettingsError: a value cannot be used, or a given name is no setting.
        """
        known = {item.name: item for item in fields(cls)}
        for name in given:
            if name not in known:
                raise SettingsError(name, given[name], f"one of the settings {', '.join(sorted(known))}")
        values: dict[str, Any] = {}
        for name, item in known.items():
            source, value = _look_up(name, given, environ)
            if source is None:
                continue
            try:
                values[name] = item.metadata["parse"](value)
            except _WrongValueError as wrong:
                raise SettingsError(source, _shown(name, value), str(wrong)) from None
        return cls(**values)

    def __repr__(self) -> str:
        pairs = ", ".join(
            f"{item.name}={_shown(item.name, getattr(self, item.name))!r}" for item in fields(self)
        )
        return f"Settings({pairs})"


def _shown(name: str, value: object) -> object:
    if name == "redis_url":
        return masked_url(str(value))
    return "***" if name.endswith(("token", "tokens", "hash_key")) and value else value


def _look_up(name: str, given: Mapping[str, object], environ: Mapping[str, str]) -> tuple[str | None, object]:
    if given.get(name) is not None:
        return name, given[name]
    variable = ENVIRONMENT_PREFIX + name.upper()
    if variable in environ:
        return variable, environ[variable]
    if name == "redis_url":
        return _redis_from_environment(environ)
    return None, None


def _redis_from_environment(environ: Mapping[str, str]) -> tuple[str | None, object]:
    if environ.get("REDIS_URL"):
        return "REDIS_URL", environ["REDIS_URL"]
    if not environ.get("REDIS_HOST"):
        return None, None
    password = environ.get("REDIS_PASSWORD", "")
    login = f":{quote(password, safe='')}@" if password else ""
    port, database = environ.get("REDIS_PORT") or "6379", environ.get("REDIS_DB") or "0"
    return "REDIS_HOST/PORT/PASSWORD/DB", f"redis://{login}{environ['REDIS_HOST']}:{port}/{database}"
