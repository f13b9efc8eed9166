"""`make demo`: one video from nothing, in a real Airflow: generated, extended twice, saved as one long clip."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from airflow_provider_runway.kie.prices import in_dollars
from devtools.showcase import Clock, running
from devtools.stack.airflow_rest import AirflowRest, TaskInstance
from devtools.stack.processes import ProcessDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DAG_ID: Final = "runway_extend_chain"
# A real video takes some minutes, and there are three.
TIMEOUT: Final = 40 * 60


class DemoFailedError(Exception):
    """The demo did not come to its end; says why, with the log that tells more."""


@dataclass(frozen=True)
class Clip:
    """A video file, as a player sees it."""

    path: Path
    seconds: float
    width: int
    height: int

    @classmethod
    def read(cls, path: Path) -> Clip:
        """Open a video file and read every frame; raises if it cannot be played."""
        import av

        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frames = sum(1 for _ in container.decode(stream))
            rate = stream.average_rate
            if not frames or not rate:
                raise DemoFailedError(f"{path} has no picture")
            return cls(path, float(frames / rate), stream.width, stream.height)


def main() -> int:
    """Run the demo; returns the exit code."""
    print("One video, extended twice, saved as one long clip, in a real Airflow.\n")
    clock = Clock()
    try:
        with running(clock) as (service, airflow):
            results = run_dag(airflow.rest, clock, DAG_ID)
            clip = Clip.read(_saved_file(results.values()))
            clock.say("airflow", "stopping")
    except (DemoFailedError, ProcessDiedError, TimeoutError, httpx.HTTPError) as error:
        print(f"\nThe demo failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything has been stopped.", file=sys.stderr)
        return 130
    _report(clip, results, is_real=service.is_real)
    return 0


def run_dag(
    rest: AirflowRest, clock: Clock, dag_id: str, on_change: Callable[[TaskInstance], None] = lambda _task: None
) -> dict[str, Mapping[str, Any]]:
    """Run an example and return what its tasks returned, by the task's name.

    :param on_change: called with each task whose state has changed, after that was said.
    """
    rest.unpause(dag_id)
    run_id = rest.trigger(dag_id, run_id=f"demo-{datetime.now(tz=timezone.utc):%Y%m%dT%H%M%S}")
    clock.say("run", f"{dag_id} {run_id}")

    def show(task: TaskInstance) -> None:
        if task.state:
            again = f" (try {task.try_number})" if task.try_number > 1 else ""
            clock.say(task.label, f"{task.state}{again}")
            on_change(task)

    state = rest.wait_for_run(dag_id, run_id, TIMEOUT, on_change=show)
    tasks = rest.task_instances(dag_id, run_id)
    if state != "success":
        failed = [task for task in tasks if task.state == "failed"]
        logs = "\n\n".join(f"--- the end of the log of {task.label}\n{_log_tail(rest, task)}" for task in failed)
        raise DemoFailedError(f"The run ended as {state}.\n{logs}")
    tasks.sort(key=lambda task: task.start_date or "")
    return {task.label: result for task in tasks if (result := _result(rest, task))}


def _log_tail(rest: AirflowRest, task: TaskInstance, lines: int = 40) -> str:
    log = rest.task_log(task.dag_id, task.run_id, task.task_id, task.try_number, task.map_index)
    return "\n".join(log.splitlines()[-lines:])


def _result(rest: AirflowRest, task: TaskInstance) -> Mapping[str, Any] | None:
    """What a task returned, if it is a result of this provider's."""
    try:
        value = rest.xcom(task.dag_id, task.run_id, task.task_id, map_index=task.map_index)
    except httpx.HTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return None
        raise
    return value if isinstance(value, dict) and "schema_version" in value else None


def _saved_file(results: Iterable[Mapping[str, Any]]) -> Path:
    """Where the last video that was saved is."""
    saved = [result["saved_to"] for result in results if result.get("saved_to")]
    if not saved:
        raise DemoFailedError("The run succeeded, and no task says where it saved the video.")
    return Path(saved[-1].removeprefix("file://"))


def _report(clip: Clip, results: Mapping[str, Mapping[str, Any]], *, is_real: bool) -> None:
    print()
    show_clip("Video", clip)
    show_cost(results, is_real=is_real)


def show_clip(name: str, clip: Clip) -> None:
    """Say what came of it."""
    print(f"{name:<6} {_short(clip.path)}")
    print(f"       {clip.seconds:.1f} s, {clip.width} x {clip.height}, {clip.path.stat().st_size / 1024:,.0f} KiB")


def show_cost(results: Mapping[str, Mapping[str, Any]], *, is_real: bool) -> None:
    """Say what it costs, as far as prices are known."""
    credits_ = {task: result["credits_estimate"] for task, result in results.items() if result.get("credits_estimate")}
    total = sum(credits_.values())
    cost = f"about {total:g} credits, US{in_dollars(total)}"
    print(f"Cost   {cost}" if is_real else f"Cost   nothing here; at KIE.AI {cost}")
    for task, amount in credits_.items():
        print(f"       {amount:4g}  {task}")


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
