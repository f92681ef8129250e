"""Remember the keys that clients gave their posts, so that a post made twice counts once, over all readers.

Strategy: a key is claimed before what was posted is counted, and noted as counted after that. A claim whose reply was
lost ends by itself, so that the post can be made again. A key is kept as a digest, with a digest of the body it came
with.
Bounds: a key is remembered for `POST_KEY_SECONDS`, and only the last `MAX_KEYS` of them: 27 MB of Redis, 272 bytes
a key, measured with 20,000.
"""

from hashlib import blake2b
from typing import Final, Literal

from tokenpulse_shared import scripts
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import POST_KEY_SECONDS, Keyspace
from tokenpulse_shared.redis_reads import RedisReads

MAX_KEYS: Final = 100_000
CLAIM_SECONDS: Final = 30
"""How long a post may be under way: far longer than the deadline of the two calls."""

PostState = Literal["new", "under_way", "counted", "other_body"]
"""`new`: claimed by this call. `other_body`: the key came with another body before."""
_Step = Literal["claimed", "counted"]


class PostKeys:
    """Claim keys, confirm them; safe for concurrent calls on one event loop."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace) -> None:
        self._reads = reads
        self._keys = (keyspace.post_keys(), keyspace.post_bodies())

    async def claim(self, key: str, body: bytes, now: float) -> PostState:
        """Return whether the post is new; `now`: epoch seconds. A claim lasts `CLAIM_SECONDS` unless it is confirmed.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time: the claim may be made.
        """
        held = await self._write(key, body, "claimed", now)
        if held is None:
            return "new"
        step, _, digest = held.decode("utf-8", "replace").partition(":")
        if digest != _digest(body):
            return "other_body"
        return "counted" if step == "counted" else "under_way"

    async def confirm(self, key: str, body: bytes, now: float) -> None:
        """Note that the post was counted.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        await self._write(key, body, "counted", now)

    async def _write(self, key: str, body: bytes, step: _Step, now: float) -> bytes | None:
        reply = await self._reads.one(
            "EVAL", scripts.source("post_key"), 2, *self._keys, _digest(key.encode()), step, _digest(body),
            str(int(now)), CLAIM_SECONDS, POST_KEY_SECONDS, MAX_KEYS,
        )  # fmt: skip
        if not self._reads.usable(self._keys[0], reply, bytes | None):
            raise StoreUnavailableError("a key of the posts' keys holds something else")
        held: bytes | None = reply
        return held


def _digest(text: bytes) -> str:
    """Return 128 bits: no two of 100,000 share them."""
    return blake2b(text, digest_size=16).hexdigest()
