"""The floor: nothing but a shared aiohttp session, a GET, the JSON of its answer, and a pause that varies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import ClientSession


@dataclass(slots=True)
class _Shared:
    session: ClientSession | None = None
    users: int = 0


_SHARED = _Shared()


@dataclass(frozen=True, slots=True)
class BareWait:
    """A wait that knows no Airflow, no errors and no end.

    :param url: What is asked for.
    :param key: The bearer token.
    :param poll_interval: Seconds between two polls, varied by a tenth; the first comes within one interval.
    """

    url: str
    key: str
    poll_interval: float

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The serialized form, as of a trigger."""
        return f"{type(self).__module__}.{type(self).__qualname__}", asdict(self)

    async def run(self) -> AsyncIterator[Any]:
        """Poll for ever."""
        import aiohttp

        if _SHARED.session is None:
            _SHARED.session = aiohttp.ClientSession()
        session, headers = _SHARED.session, {"Authorization": f"Bearer {self.key}"}
        _SHARED.users += 1
        try:
            await asyncio.sleep(self.poll_interval * random.random())
            while True:
                async with session.get(self.url, headers=headers) as response:
                    record = await response.json()
                if record["data"]["state"] == "success":
                    yield record
                await asyncio.sleep(self.poll_interval * random.uniform(0.9, 1.1))
        finally:
            _SHARED.users -= 1
            if _SHARED.users == 0:
                await session.close()
                _SHARED.session = None
