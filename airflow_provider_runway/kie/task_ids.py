"""Task ids that tell which generation of KIE's API made the task.

The dedicated endpoints and the unified one keep their tasks apart, so an id is worth nothing without that. The id of a
task of the unified API is stored and shown as ``jobs:<id>``. A bare id is one of the dedicated endpoints, or one that a
person has brought from elsewhere. KIE itself is only ever sent the bare id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Api = Literal["runway", "jobs"]
APIS: tuple[Api, ...] = get_args(Api)

_JOBS = "jobs:"


@dataclass(frozen=True, slots=True)
class TaskId:
    """A task id, read.

    :param bare: The id as KIE gave it.
    :param api: The API that the id says it is of; ``None`` where it does not say.
    """

    bare: str
    api: Api | None


def parse_task_id(text: str) -> TaskId:
    """Read a task id as it is stored and shown."""
    bare = text.removeprefix(_JOBS)
    return TaskId(bare, "jobs") if bare and bare != text else TaskId(text, None)


def format_task_id(bare: str, api: Api) -> str:
    """KIE's id of a task, as it is to be stored and shown."""
    return f"{_JOBS}{bare}" if api == "jobs" else bare
