"""Another link to a video whose own link has died, as a flow."""

from __future__ import annotations

from airflow_provider_runway.kie.api import direct_link_call
from airflow_provider_runway.kie.errors import DeadLinkError, RunwayError, ServiceError, TaskNotFoundError
from airflow_provider_runway.kie.flows import Flow, ask, get_task
from airflow_provider_runway.kie.job_results import read_link
from airflow_provider_runway.kie.judging import judge
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.kie.task_ids import Api
from airflow_provider_runway.kie.texts import as_sentence


def renew_link(
    task_id: str, kind: Kind, dead: str, retry_rules: RetryRules, *, position: int = 0, api: Api = "runway"
) -> Flow[str]:
    """Another link to the video of a finished task, or to another file that came of it, where that at hand has died.

    The record may have a new one. If it still has the dead one, KIE is asked for a direct link, which lives for 20
    minutes (https://docs.kie.ai, "Get direct download URL").

    :param dead: The link that no longer works.
    :param position: Its place among the task's results.
    :param api: The connection's API, where the id does not say which one made the task.
    :raises DeadLinkError: If KIE gives no other.
    :raises VideoExpiredError: If the record says that the video was deleted.
    """
    try:
        task = yield from get_task(task_id, kind, retry_rules, api)
    except TaskNotFoundError as error:  # of a task that has finished, which one answer does not undo
        raise _no_other_link(task_id, str(error), error) from error
    decision = judge(task)
    if decision.error is not None:
        raise decision.error
    links = (task.video_url,) if task.is_one_video else task.result_urls
    link = links[position] if position < len(links) else None
    if link is not None and link != dead:
        return link
    try:
        data = yield from ask(direct_link_call(dead), retry_rules)
    except ServiceError as error:
        if error.retryable:
            raise error.replace(task_id=task_id) from error.__cause__
        raise _no_other_link(task_id, str(error), error) from error
    renewed = read_link(data)
    if renewed is None:
        raise _no_other_link(task_id, "KIE.AI answered success without a link", None)
    return renewed


def _no_other_link(task_id: str, why: str, error: RunwayError | None) -> DeadLinkError:
    return DeadLinkError(
        f"The link to the video of task {task_id} has died, and KIE.AI gives no other: {as_sentence(why)}",
        detail="KIE.AI deletes videos 14 days after they were made; if this one is younger, ask again later.",
        task_id=task_id,
        said_by=error,
    )
