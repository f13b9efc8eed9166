"""The picture of the film example: its three shots, and the same film upright."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

# Seconds at which each shot shows its caption.
MOMENTS: Final = (2, 7, 12)
GAP: Final = 8
LARGE: Final = (640, 360)


def draw(wide: Path, tall: Path, to: Path) -> None:
    """Put shots of both formats side by side, with what is behind the picture seen between them.

    :param wide: the film in 16:9.
    :param tall: the film in 9:16.
    :param to: the picture.
    """
    from PIL import Image

    half = (LARGE[0] - GAP) // 2
    small = (half, half * LARGE[1] // LARGE[0])
    height = LARGE[1] + GAP + small[1]
    upright = (height * LARGE[1] // LARGE[0], height)
    picture = Image.new("RGBA", (LARGE[0] + GAP + upright[0], height))
    first, second, third = shots(wide)
    picture.paste(first.resize(LARGE), (0, 0))
    picture.paste(second.resize(small), (0, LARGE[1] + GAP))
    picture.paste(third.resize(small), (half + GAP, LARGE[1] + GAP))
    picture.paste(shots(tall)[0].resize(upright), (LARGE[0] + GAP, 0))
    picture.save(to, optimize=True)


def shots(film: Path) -> list[Image]:
    """The picture at each moment of a film."""
    import av

    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        wanted = {round(moment * float(stream.average_rate or 1)) for moment in MOMENTS}
        return [frame.to_image() for number, frame in enumerate(container.decode(stream)) if number in wanted]
