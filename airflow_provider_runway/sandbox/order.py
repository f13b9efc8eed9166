"""An order: a checked submission, ready to become a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.tasks import Api, Failure, Kind, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to make, and for how much.

    :param seconds: length of the new stretch of video.
    :param source: the task whose video is extended.
    :param inputs: URLs that the service would have to fetch.
    :param fetched_later: whether it accepts the order before it tries to.
    :param failure: set when it is known to fail.
    """

    api: Api
    kind: Kind
    model: str
    prompt: str
    cost: float
    seconds: float
    ratio: str
    quality: str = "720p"
    watermark: str = ""
    callback_url: str = ""
    image_url: str = ""
    parent_id: str = ""
    source: Task | None = None
    inputs: tuple[str, ...] = ()
    fetched_later: bool = False
    failure: Failure | None = None
    extension: str = "mp4"
    outputs: int = 1
