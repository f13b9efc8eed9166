"""A submission on its way to become a task: how it is charged, and how long the result takes and lasts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_runway.sandbox.endpoints.families import FAMILIES
from airflow_provider_runway.sandbox.endpoints.fields import Fields
from airflow_provider_runway.sandbox.faults import CallBack, Fail
from airflow_provider_runway.sandbox.messages import Refusal, Reply, SandboxRequest, answer
from airflow_provider_runway.sandbox.tasks import ApiGroup, Failure, Task
from airflow_provider_runway.sandbox.video.clip import HD, Clip, Segment

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.state import SandboxState

USUAL_SECONDS = 5
_USUAL_RATIO = "16:9"
# What a task fails with whose input turns out to be out of reach, as recorded of Aleph.
_FETCH_FAILED = Failure("internal error, please try again later.", 500)
_WITH_RECORD_ID = ("runway", "jobs")


class Submission(NamedTuple):
    """A submission on its way to become a task.

    :param api: the API that it came by.
    """

    sandbox: SandboxState
    request: SandboxRequest
    api: ApiGroup
    fields: Fields

    @property
    def values(self) -> Mapping[str, Any]:
        """The fields as they came."""
        return self.fields.values

    def make(
        self,
        operation: str,
        *,
        cost: float,
        prompt: str,
        ratio: str = "",
        seconds: float = USUAL_SECONDS,
        quality: str = HD,
        watermark: str = "",
        source: Task | None = None,
        inputs: tuple[str, ...] = (),
        late: bool = False,
        failure: Failure | None = None,
        title: str = "",
        reply: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Reply:
        """Make a task, charge it, and answer its id.

        :param seconds: length of the new stretch of video.
        :param source: the task whose video is extended.
        :param inputs: URLs that the service would have to fetch.
        :param late: whether it fetches them later, so that the task fails in place of the submission.
        :param failure: set when it is known to fail.
        :param title: what the result calls itself; the operation by default.
        :param reply: what the answer has beside the id.
        :param more: fields of the task.
        :raises Refusal: code 451 when an input cannot be fetched, 402 when the balance is not enough.
        """
        sandbox, request, api, _ = self
        body, now, fault = request.payload or dict(self.values), request.at, request.fault
        callback_url = Fields(body).url("callBackUrl")
        if any(url and sandbox.is_out_of_reach(url, request) for url in inputs):
            if not late:
                raise Refusal(451)
            failure = _FETCH_FAILED
        if cost > sandbox.balance:
            raise Refusal(402)
        finish_at = now + sandbox.time_for(prompt)
        task_id = uuid.uuid4().hex
        before = source.clip.segments if source else ()
        stretch = Segment(task_id, title or operation, prompt, seconds)
        sandbox.add(
            Task(
                id=task_id,
                api=api,
                operation=operation,
                body=body,
                prompt=prompt,
                body_hash=request.body_hash(),
                key=sandbox.key_hash(request.key),
                clip=Clip(ratio or _USUAL_RATIO, quality, (*before, stretch), watermark),
                cost=cost,
                created_at=now,
                visible_at=now + sandbox.settings.visible_after,
                finish_at=finish_at,
                expires_at=finish_at + sandbox.settings.media_ttl,
                base_url=sandbox.base_url(request),
                callback_url=callback_url,
                failure=FAMILIES[api].failure(fault) if isinstance(fault, Fail) else failure,
                call=fault.how if isinstance(fault, CallBack) else "",
                call_delay=fault.seconds if isinstance(fault, CallBack) and fault.how == "late" else 0.0,
                **more,
            )
        )
        made = {"taskId": task_id, "recordId": task_id} if api in _WITH_RECORD_ID else {"taskId": task_id}
        return answer({**made, **(reply or {})}, task_id=task_id)
