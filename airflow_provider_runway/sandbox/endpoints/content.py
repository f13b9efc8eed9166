"""What is made besides videos and pictures: songs, their words, their stems, their notes."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.sandbox.tasks import Phase

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.endpoints.view import View
    from airflow_provider_runway.sandbox.tasks import Task

SPLIT_STEM = "split_stem"
_PARTS = ("vocal", "instrumental")
_STEMS = (
    *("vocal", "backing_vocals", "drums", "bass", "guitar", "keyboard"),
    *("percussion", "strings", "synth", "fx", "brass", "woodwinds"),
)


def songs(view: View) -> list[dict[str, Any]]:
    """The songs of a task, as far as they are: first their words, then the first one's sound, then all.

    A link that is not there yet is an empty text.
    """
    task = view.task
    urls, _ = task.urls(view.base_url)
    ready = {Phase.QUEUED: 0, Phase.GENERATING: 1}.get(view.phase, len(view.urls))
    made = []
    for number, (audio_id, url) in enumerate(zip(audio_ids(task), urls, strict=True)):
        there = number < ready
        stream = "" if view.linkless else f"{url}?stream=true"
        made.append(
            {
                "id": audio_id,
                "audioUrl": url if there else "",
                "sourceAudioUrl": url if there else "",
                "streamAudioUrl": stream,
                "sourceStreamAudioUrl": stream,
                "imageUrl": view.poster,
                "sourceImageUrl": view.poster,
                "prompt": task.prompt,
                "modelName": f"chirp-{task.model.lower()}",
                "title": _asked(task, "title") or "Untitled",
                "tags": _asked(task, "style") or _asked(task, "tags"),
                "createTime": view.created_at,
                "duration": task.clip.seconds if there else None,
            }
        )
    return made


def audio_ids(task: Task) -> list[str]:
    """What the songs of a task are called by: not by the task's own id."""
    made = task.id
    head = f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:30]}"
    return [f"{head}{number:02}" for number in range(1, task.outputs + 1)]


def lyrics(task: Task) -> list[dict[str, Any]]:
    """Two texts to choose from, about what was asked."""
    about = " ".join(task.prompt.split()) or "nothing"
    return [
        {
            "text": f"[Verse]\nWe sing of {about}\n{turn}\n\n[Chorus]\nOh, {about}\nOh, {about}",
            "title": f"{about[:40].strip().title()} {number}",
            "status": "complete",
            "errorMessage": "",
        }
        for number, turn in enumerate(("And the night is long", "And the day is young"), start=1)
    ]


def stems(view: View) -> dict[str, str | None]:
    """A link for each part that a song was taken apart into, by the part's name."""
    names = _STEMS if view.task.outputs == len(_STEMS) else _PARTS
    return dict(zip(names, view.urls, strict=True)) if view.urls else dict.fromkeys(names)


def stems_count(kind: object) -> int:
    """How many parts a kind of separation has."""
    return len(_STEMS) if kind == SPLIT_STEM else len(_PARTS)


def stem_list(view: View) -> list[dict[str, Any]]:
    """The same, each with an id by which its notes can be asked for."""
    return [
        {"id": audio_id, "audio_url": url, "duration": view.task.clip.seconds, "stem_type_group_name": name.title()}
        for audio_id, (name, url) in zip(audio_ids(view.task), stems(view).items(), strict=True)
    ]


def instruments(task: Task) -> list[dict[str, Any]]:
    """The notes of a song."""
    dice = random.Random(task.id)  # noqa: S311 - a tune
    return [
        {
            "name": name,
            "notes": [
                {"pitch": dice.randint(48, 72), "start": beat * 0.5, "end": beat * 0.5 + 0.4, "velocity": 0.8}
                for beat in range(8)
            ],
        }
        for name in ("Acoustic Piano", "Electric Bass (finger)")
    ]


def aligned_words(text: str, seconds: float) -> list[dict[str, Any]]:
    """The words of a text, each with the time at which it is sung."""
    words = text.split() or ["la"]
    step = seconds / len(words)
    return [
        {
            "word": f"{word} ",
            "success": True,
            "startS": round(number * step, 3),
            "endS": round((number + 1) * step, 3),
            "palign": 0,
        }
        for number, word in enumerate(words)
    ]


def in_snake_case(value: Any) -> Any:
    """The same with names like ``audio_url`` in place of ``audioUrl``, as callbacks and jobs have them."""
    if isinstance(value, dict):
        return {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): in_snake_case(each) for name, each in value.items()}
    return [in_snake_case(each) for each in value] if isinstance(value, list) else value


def _asked(task: Task, name: str) -> str:
    """A text of the request, or of the input of a job."""
    given = task.body.get("input")
    value = (given if isinstance(given, dict) else task.body).get(name)
    return value if isinstance(value, str) else ""
