"""Say what an answer that is built on a window rests on, pure."""

from typing import Any


def basis(coverage: float, corrupt_keys: int = 0) -> dict[str, Any]:
    """Return the fields that say so.

    `coverage`: the part of the window since its first data, 0–1. `corrupt_keys`: how many keys of the window
    hold something else and are missing from the numbers; named only when there are any.
    """
    return {"coverage": coverage, **({"corrupt_keys": corrupt_keys} if corrupt_keys else {})}
