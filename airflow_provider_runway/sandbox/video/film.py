"""A clip becomes a file: H.264 in MP4, playable from its first bytes on, and its first frame as PNG."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import av  # noqa: TID253 - this module is imported when the first picture is drawn
from PIL import Image  # noqa: TID253 - same

from airflow_provider_runway.sandbox.video.clip import RATIOS
from airflow_provider_runway.sandbox.video.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_runway.sandbox.video.clip import Clip

_ENCODER = {"preset": "ultrafast", "crf": "24"}
_LONGEST_DRAWN = 1920
_FAST_START = {"movflags": "faststart"}


def film(clip: Clip, scale: float, rate: int) -> bytes:
    """The MP4 of a clip; the same clip gives the same bytes.

    :param scale: size relative to the real one.
    :param rate: frames per second.
    """
    width, height = clip.size(scale)
    with tempfile.TemporaryDirectory(prefix="runway-sandbox-") as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", format="mp4", options=_FAST_START) as container:
            stream = container.add_stream("libx264", rate=rate, options={**_ENCODER, "g": str(rate * 2)})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.thread_count = 1
            for view in _views(clip, _drawn_size(width, height), rate):
                for packet in stream.encode(_frame(view).reformat(width, height)):
                    container.mux(packet)
            for packet in stream.encode():
                container.mux(packet)
        return path.read_bytes()


def _drawn_size(width: int, height: int) -> tuple[int, int]:
    """A frame is drawn no larger than this, and enlarged from there: 4K would take a minute."""
    factor = min(_LONGEST_DRAWN / max(width, height), 1)
    return round(width * factor), round(height * factor)


def _frame(view: Image.Image) -> av.VideoFrame:
    return av.VideoFrame.from_image(view)  # type: ignore[no-untyped-call,no-any-return]


def poster(clip: Clip, scale: float, kind: str = "png") -> bytes:
    """The picture of a clip's first frame.

    :param scale: size relative to the real one.
    :param kind: ``"png"`` or ``"jpeg"``.
    """
    view = next(_views(clip, clip.size(scale), 1))
    data = io.BytesIO()
    view.save(data, kind, **({"compress_level": 3} if kind == "png" else {"quality": 85}))
    return data.getvalue()


def _views(clip: Clip, size: tuple[int, int], rate: int) -> Iterator[Image.Image]:
    """The frames, in order."""
    shown = 0
    before = 0.0
    for segment in clip.segments:
        scene = Scene(clip, segment, size)
        until = before + segment.seconds
        while shown < round(until * rate):
            yield scene.at(shown / rate - before, shown / rate)
            shown += 1
        before = until


def nearest_ratio(picture: bytes) -> str | None:
    """Which aspect ratio a picture comes nearest to; None when it is no picture."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            shape: float = image.width / image.height
    except (OSError, ValueError, Image.DecompressionBombError):
        return None

    def distance(ratio: str) -> float:
        width, _, height = ratio.partition(":")
        return max(shape / (int(width) / int(height)), int(width) / int(height) / shape)

    return min(RATIOS, key=distance)
