"""What every framing makes of a stream's bytes."""

from typing import NamedTuple


class Event(NamedTuple):
    """Hold one event: its data, and its name where the framing has names (b"" means none).

    What a framing itself marks as an error (an AWS exception message, llama.cpp's `error:` line) has the name
    `error` and JSON data in the shape `{"error": …}`. `tail`: the last bytes of an event too long to keep;
    `data` then holds only its first bytes.
    """

    data: bytes
    name: bytes = b""
    tail: bytes = b""
