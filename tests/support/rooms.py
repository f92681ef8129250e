"""Let requests of one app wait for each other, by name."""

import asyncio


class Rooms:
    """Hold what requests wait at; for one event loop."""

    def __init__(self) -> None:
        self._doors: dict[str, asyncio.Event] = {}
        self._meetings: dict[str, asyncio.Barrier] = {}

    def door(self, name: str) -> asyncio.Event:
        """Return the event of that name, the same for all."""
        return self._doors.setdefault(name, asyncio.Event())

    async def meet(self, name: str, guests: int) -> None:
        """Return when that many requests have come here."""
        await self._meetings.setdefault(name, asyncio.Barrier(guests)).wait()
