"""Writers that keep a ledger of all they record."""

import random
import threading
import time
from collections import Counter
from typing import Final

from tokenpulse import Recorder

PROVIDERS: Final = ("openai", "groq", "mistral", "anthropic")
MODELS: Final = ("small", "large", "x/y:z")
PAUSE_SECONDS: Final = 0.004
"""Between two calls of one writer: some 200 a second."""

Series = tuple[str, str]
Book = dict[Series, Counter[str]]


class Writer:
    """Record random calls in a thread until told to stop; `book` holds what Redis must hold."""

    def __init__(self, url: str, seed: int) -> None:
        self.recorder = Recorder(url, flush_interval=0.1, genai_prices=False)
        self.book: Book = {(provider, model): Counter() for provider in PROVIDERS for model in MODELS}
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def stop(self) -> None:
        """Record no more; what is recorded may still wait."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        # The first call of each series succeeds: it then is one, whatever Redis forgets.
        for provider, model in self.book:
            self._record(provider, model, is_success=True)
        while not self._stopping.is_set():
            provider, model = self._random.choice(PROVIDERS), self._random.choice(MODELS)
            self._record(provider, model, is_success=self._random.random() > 0.05)
            time.sleep(PAUSE_SECONDS)

    def _record(self, provider: str, model: str, *, is_success: bool) -> None:
        tokens_input, tokens_output = self._random.randrange(2000), self._random.randrange(1, 500)
        nano_usd = self._random.randrange(10**7)
        self.recorder.record(
            provider=provider,
            model=model,
            latency_ms=self._random.lognormvariate(6, 1),
            success=is_success,
            tokens_input=tokens_input,
            tokens_output=tokens_output,
            cost=nano_usd / 1e9,
        )
        counts = self.book[provider, model]
        counts["total_requests"] += 1
        counts["successful_requests" if is_success else "failed_requests"] += 1
        counts["tokens_input"] += tokens_input
        counts["tokens_output"] += tokens_output
        counts["total_cost"] += nano_usd
        counts["latency_count"] += 1


def merged(books: list[Book]) -> Book:
    """Return all books in one."""
    whole: Book = {}
    for book in books:
        for series, counts in book.items():
            whole.setdefault(series, Counter()).update(counts)
    return whole
