"""Where videos are drawn: off the event loop, once each, the latest kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.video.clip import Clip

_KEPT_BYTES = 256 * 1024 * 1024  # what falls out is drawn again, byte for byte the same


class Renderer:
    """Draws films and posters on request."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, bytes] = OrderedDict()
        self._size = 0
        self._under_way: dict[object, asyncio.Future[bytes]] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-renderer")

    async def film(self, clip: Clip, scale: float, rate: int) -> bytes:
        """The MP4 of a clip.

        :param scale: size relative to the real one.
        :param rate: frames per second.
        """
        return await self._once("film", clip, scale=scale, rate=rate)

    async def poster(self, clip: Clip, scale: float) -> bytes:
        """The PNG of a clip's first frame."""
        return await self._once("poster", clip, scale=scale)

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()
        self._size = 0

    def close(self) -> None:
        """Draw nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _once(self, name: str, clip: Clip, **how: float) -> bytes:
        key = (name, clip, *how.values())
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = asyncio.get_running_loop().run_in_executor(self._pool, _draw, name, clip, how)
            self._under_way[key] = under_way
            under_way.add_done_callback(lambda _: self._under_way.pop(key, None))
        data = await asyncio.shield(under_way)
        if key not in self._kept:
            self._kept[key] = data
            self._size += len(data)
            while self._size > _KEPT_BYTES and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1])
        return data


def _draw(name: str, clip: Clip, how: dict[str, Any]) -> bytes:
    from airflow_provider_runway.sandbox.video import film

    data: bytes = getattr(film, name)(clip, **how)
    return data
