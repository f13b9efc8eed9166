"""The part of ffmpeg's filter graph that makes the pictures of a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from airflow_provider_runway.film.facts import VideoFacts
from airflow_provider_runway.film.timeline import Timeline

Fit = Literal["pad", "crop", "blur"]
Position = Literal["top-left", "top-right", "bottom-left", "bottom-right", "center"]

# Of the shorter side, from the edge to a logo.
_MARGIN = 0.03
# The picture behind another is blurred when it is small, which takes a fraction of the time and looks the same.
_SMALLER = 8
_BLUR = "gblur=sigma=6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture that lies over the film.

    :param position: Where.
    :param opacity: From 0 to 1.
    :param width: Its width, relative to that of the film.
    """

    position: Position = "top-right"
    opacity: Fraction = Fraction(1)
    width: Fraction = Fraction(15, 100)


def fit_into(video: VideoFacts, size: tuple[int, int], fit: Fit) -> str:
    """Filters that bring a clip's pictures to the film's size, without distorting them; nothing where they have it.

    :param video: The clip's pictures.
    :param size: Width and height of the film.
    :param fit: ``"pad"`` adds black bars, ``"blur"`` a blurred copy behind it, ``"crop"`` cuts off what is too much.
    """
    width, height = size
    if video.shown == size:
        return "setsar=1" if video.pixel_shape != 1 else ""
    if fit == "crop":
        return f"{_scale(_covering(video.shown, size))},crop={width}:{height},setsar=1"
    inner = _within(video.shown, size)
    if inner == size:
        return f"{_scale(size)},setsar=1"
    left, top = (width - inner[0]) // 4 * 2, (height - inner[1]) // 4 * 2
    if fit == "pad":
        return f"{_scale(inner)},pad={width}:{height}:{left}:{top},setsar=1"
    small = (_even(width / _SMALLER), _even(height / _SMALLER))
    behind = f"{_scale(_covering(video.shown, small))},crop={small[0]}:{small[1]},{_BLUR},{_scale(size)},setsar=1"
    return (
        f"split[front][back];[back]{behind}[blurred];[front]{_scale(inner)},setsar=1[sharp];"
        f"[blurred][sharp]overlay={left}:{top}"
    )


def clip_filters(line: Timeline, size: tuple[int, int], fit: Fit) -> Sequence[str]:
    """A chain for each clip, ending in ``[v0]`` and so on: at the film's size and rate, for as long as it is shown."""
    chains = []
    for number, each in enumerate(line.shown):
        steps = [
            f"trim={each.cut}" if each.cut else "",
            "setpts=PTS-STARTPTS",
            _named(fit_into(each.video, size, fit), number),
            f"fps={line.fps}",
            "format=yuv420p",
            f"tpad=stop=-1:stop_mode=clone,trim=duration={decimal(each.length)}",
        ]
        chains.append(f"[{number}:V:0]{','.join(filter(None, steps))}[v{number}]")
    return chains


def joined(line: Timeline) -> tuple[Sequence[str], str]:
    """Chains that join the clips of :func:`clip_filters`, and what the film is called in the graph."""
    count = len(line.shown)
    if count == 1:
        return [], "v0"
    if not line.crossfade:
        return [f"{''.join(f'[v{number}]' for number in range(count))}concat=n={count}:v=1:a=0[cut]"], "cut"
    chains, before = [], "v0"
    for number in range(1, count):
        chains.append(
            f"[{before}][v{number}]xfade=transition=fade:duration={decimal(line.crossfade)}"
            f":offset={decimal(line.starts[number])}[x{number}]"
        )
        before = f"x{number}"
    return chains, before


def logo_filters(film: str, place: int, logo: Logo, size: tuple[int, int]) -> tuple[Sequence[str], str]:
    """Chains that lay a logo over the film, and what the film is called then.

    :param film: What it is called before.
    :param place: Which input the logo is.
    """
    width, margin = _even(size[0] * logo.width), round(min(size) * _MARGIN)
    across = {"left": f"{margin}", "right": f"W-w-{margin}"}
    down = {"top": f"{margin}", "bottom": f"H-h-{margin}"}
    vertical, _, horizontal = logo.position.partition("-")
    x, y = across.get(horizontal, "(W-w)/2"), down.get(vertical, "(H-h)/2")
    return [
        f"[{place}:v]format=rgba,scale={width}:max(1\\,round(ow/a)),colorchannelmixer=aa={decimal(logo.opacity)}[logo]",
        f"[{film}][logo]overlay={x}:{y}[marked]",
    ], "marked"


def decimal(number: Fraction) -> str:
    """A number as ffmpeg reads it."""
    return f"{float(number):.6f}".rstrip("0").rstrip(".")


def _named(filters: str, number: int) -> str:
    """Filters whose own names are made those of one clip, since each name is there once in a graph."""
    for name in ("front", "back", "blurred", "sharp"):
        filters = filters.replace(f"[{name}]", f"[{name}{number}]")
    return filters


def _scale(size: tuple[int, int]) -> str:
    return f"scale={size[0]}:{size[1]}"


def _within(shown: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    factor = min(Fraction(size[0], shown[0]), Fraction(size[1], shown[1]))
    return min(_even(shown[0] * factor), size[0]), min(_even(shown[1] * factor), size[1])


def _covering(shown: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    factor = max(Fraction(size[0], shown[0]), Fraction(size[1], shown[1]))
    return max(_even(shown[0] * factor), size[0]), max(_even(shown[1] * factor), size[1])


def _even(pixels: float | Fraction) -> int:
    return max(round(pixels / 2) * 2, 2)
