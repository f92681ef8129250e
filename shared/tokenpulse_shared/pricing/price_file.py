"""Prices from a file in the format of LiteLLM's model_prices_and_context_window.json.

Strategy: the file is read once, whole, at the start; a look-up is some dictionary look-ups.
Invariants: an entry is used for its own provider only (`litellm_provider`), or where either side names none.
Bounds: memory by the file; a 4,500-model file takes about 0.3 s to read.
"""

import json
import logging
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.names import UNKNOWN, printable
from tokenpulse_shared.pricing.card import Price
from tokenpulse_shared.pricing.litellm_entry import entry_price
from tokenpulse_shared.pricing.price_errors import OddEntryError, PriceRangeError
from tokenpulse_shared.pricing.providers import names_of
from tokenpulse_shared.pricing.wanted import BEDROCK_REGION, Wanted

_logger = logging.getLogger("tokenpulse.pricing")

_DATE: Final = re.compile(r"[-@]20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])$")
_FAMILIES: Final = ("vertex_ai", "fireworks_ai")
"""Providers that LiteLLM names with what they serve: `vertex_ai-language-models`."""


class _Entry(NamedTuple):
    provider: str | None
    price: Price


class PriceFile:
    """Find prices among the entries of a file; make it with `read_price_file`."""

    def __init__(self, entries: dict[str, _Entry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, wanted: Wanted) -> Price | None:
        """Return the price of a model, None if the file lists none."""
        providers = names_of(wanted.provider).price_file
        for key in _keys(wanted, providers):
            entry = self._entries.get(key)
            if entry is None:
                continue
            if entry.provider is None or wanted.provider == UNKNOWN or entry.provider in providers:
                return entry.price
        return None


def _keys(wanted: Wanted, providers: tuple[str, ...]) -> Iterator[str]:
    """Give the keys that may list a model, likeliest first: as asked, inside its provider, without its date."""
    if wanted.asked != wanted.model:
        yield wanted.asked
    spellings = [wanted.model]
    if "bedrock" in providers:
        spellings.append(BEDROCK_REGION.sub("", wanted.model, count=1))
    undated = _DATE.sub("", wanted.model)
    if undated != wanted.model:
        spellings.append(undated)
    for spelling in spellings:
        for provider in providers:
            yield f"{provider}/{spelling}"
        yield spelling


def read_price_file(path: str) -> PriceFile:
    """Return the prices in a file. An entry that makes no sense is set aside; how many were is logged.

    Raises:
        SettingsError: the file cannot be read, is no JSON object, or states a price that cannot be one.
    """
    entries: dict[str, _Entry] = {}
    odd: list[str] = []
    unpriced = 0
    for name, entry in _read_object(path).items():
        try:
            price = _price(entry)
        except OddEntryError as error:
            odd.append(f"{name} ({error})")
            continue
        except PriceRangeError as error:
            expected = (
                f"prices per token from 0 to 1 USD, but {printable(name)!r} has one that is not: {error}"
            )
            raise SettingsError("price_file", path, expected) from error
        if price is None:
            unpriced += 1
        else:
            entries[name.lower()] = _Entry(_provider(entry), price)
    _logger.log(
        logging.WARNING if odd else logging.INFO,
        "price file %s: %d models, %d entries without a price, %d set aside%s",
        path,
        len(entries),
        unpriced,
        len(odd),
        f", the first: {printable(odd[0][:200])}" if odd else "",
    )
    return PriceFile(entries)


def _price(entry: object) -> Price | None:
    if not isinstance(entry, dict):
        raise OddEntryError("not an object")
    return entry_price(entry)


def _provider(entry: dict[str, Any]) -> str | None:
    name = entry.get("litellm_provider")
    if not isinstance(name, str):
        return None
    family, dash, _ = name.lower().partition("-")
    return family if dash and family in _FAMILIES else name.lower()


def _read_object(path: str) -> dict[str, Any]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        content = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except OSError as error:
        raise SettingsError("price_file", path, f"a file that can be read ({error.strerror})") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise SettingsError("price_file", path, f"a file that holds JSON ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise SettingsError("price_file", path, "a JSON object with one entry per model")
    return content


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
