"""Where an operator stores its video: looked at before anything is paid, written once the video is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import TargetExistsError
from airflow_provider_runway.kie.tasks import VideoTask

if TYPE_CHECKING:
    from airflow_provider_runway.storage.saving import SavedVideo


def check_target(save_to: str, own: str | None) -> None:
    """Find out before anything is paid whether a video can be stored.

    :param save_to: The target, as the operator was given it.
    :param own: Where this very task has stored a video before: that may be replaced.
    :raises TargetExistsError: If another file is there.
    :raises TargetUnwritableError: If the target cannot be reached, or no installed provider knows its scheme.
    """
    from airflow_provider_runway.storage.targets import find_target, storing

    with storing(save_to):
        place = find_target(save_to, "video.mp4")
        taken = place.size() is not None
    if taken and own != save_to and not save_to.endswith("/"):
        raise TargetExistsError(
            f"There is a file at {place.uri} already, and this task did not make it. Nothing was sent. Remove the file "
            "or choose another save_to; a template such as {{ ds }} gives each run a path of its own."
        )


def save(
    task: VideoTask, save_to: str, own: str | None, renew: Callable[[str, int], str], *, thumbnail: bool
) -> Sequence[SavedVideo]:
    """Store a finished video, or all that came of a job.

    :param task: The finished task.
    :param save_to: The target, as the operator was given it.
    :param own: Where this very task has stored a video before: that is replaced.
    :param renew: Given a link that has died and its place among the task's, returns another.
    :param thumbnail: Whether the thumbnail is stored beside it.
    """
    from airflow_provider_runway.storage.results import save_task

    return save_task(task, save_to, overwrite=own == save_to, thumbnail=thumbnail, renew=renew)
