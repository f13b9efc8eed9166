"""Where videos are drawn, and sounds made: off the event loop, once each, the latest kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.video.clip import Clip

_KEPT = 100  # what falls out is drawn again, byte for byte the same


class Renderer:
    """Makes files on request."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[object, asyncio.Future[bytes]] = OrderedDict()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-renderer")

    async def draw(self, what: str, clip: Clip, scale: float, rate: int) -> bytes:
        """The file of a clip.

        :param what: ``"mp4"``; ``"png"`` or ``"jpeg"`` of its first frame; ``"mp3"`` or ``"wav"``.
        :param scale: size relative to the real one.
        :param rate: frames per second.
        """
        key = (what, clip, scale, rate)
        if key not in self._drawn:
            self._drawn[key] = asyncio.get_running_loop().run_in_executor(self._pool, _draw, what, clip, scale, rate)
            if len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(key)
        try:
            return await asyncio.shield(self._drawn[key])
        except Exception:
            self._drawn.pop(key, None)
            raise

    def clear(self) -> None:
        """Keep nothing."""
        self._drawn.clear()

    def close(self) -> None:
        """Draw nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _draw(what: str, clip: Clip, scale: float, rate: int) -> bytes:
    from airflow_provider_runway.sandbox.video import film, sound

    if what in ("mp3", "wav"):
        return sound.sound(clip, what)
    return film.film(clip, scale, rate) if what == "mp4" else film.poster(clip, scale, what)
