"""Options of the operators that make a video: for runs that nobody watches."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_runway.kie.rules import check_flag
from airflow_provider_runway.operators.paid_operator import PaidOperator
from airflow_provider_runway.operators.parameters import check_choice

OnRefusal = Literal["fail", "skip"]
OnClear = Literal["new", "reuse"]


class VideoOptions(PaidOperator):
    """Options of :class:`~airflow_provider_runway.operators.base.RunwayVideoOperator`.

    :param on_refusal: What becomes of the task if moderation refuses the video, whose credits come back: ``"fail"``, or
        ``"skip"``, so that one prompt of a batch fails no run. XCom ``failure`` says why in either case.
    :param on_clear: What a task does that has succeeded and is cleared: ``"new"`` makes and pays another video;
        ``"reuse"`` takes the old one, as long as KIE keeps it (14 days) and the request is the same, stores it again
        and pays nothing.
    :param metadata: Whether a JSON file is written beside each stored file, ``fox.mp4.json`` beside ``fox.mp4``:
        prompt, parameters, KIE task, DAG, run and task, credits, checksum, times. If it cannot be, that is only logged.
    """

    def __init__(
        self, *, on_refusal: OnRefusal = "fail", on_clear: OnClear = "new", metadata: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.on_refusal = on_refusal
        self.on_clear = on_clear
        self.metadata = metadata
        check_choice("on_refusal", on_refusal, "fail", "skip")
        check_choice("on_clear", on_clear, "new", "reuse")
        check_flag("metadata", metadata)
