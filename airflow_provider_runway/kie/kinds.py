"""The kinds of KIE tasks."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal[
    "runway", "aleph", "job",
    "veo", "veo-1080p", "veo-4k", "4o-image", "flux-kontext",
    "suno", "suno-lyrics", "suno-wav", "suno-vocals", "suno-midi", "suno-mp4", "suno-cover",
    "answer",
]  # fmt: skip
# What can be waited for. An answer is there at once, and nowhere to be looked up.
KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "answer")
# Those that come to one video; of all others any number of files may come, of any type, or none.
VIDEO_KINDS: frozenset[Kind] = frozenset({"runway", "aleph"})
