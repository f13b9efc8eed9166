"""What ``airflow runway`` does."""

from __future__ import annotations

import json
import logging
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.cli.ending import (
    ExitCode,
    code_before_paying,
    code_of,
    code_once_paid,
    command,
    end,
    ending_with,
    interruptible,
    printable,
    say,
)
from airflow_provider_runway.cli.progress import downloading, uploading, waiting
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.errors import AmbiguousSubmissionError, NotFinishedError, RunwayError
from airflow_provider_runway.kie.judging import Verdict, judge, require_video
from airflow_provider_runway.kie.prices import DOLLARS_PER_CREDIT, check_floor, estimate, priced
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.kie.rules import check_poll_interval, check_seconds, is_file_address
from airflow_provider_runway.kie.tasks import TaskState, VideoTask
from airflow_provider_runway.kie.texts import shorten
from airflow_provider_runway.operators.parameters import check_folder
from airflow_provider_runway.results import finished_result, submitted_result, to_iso, utc_now

if TYPE_CHECKING:
    from airflow_provider_runway.storage.save import SavedFile


@command
def credits_(arguments: Namespace) -> None:
    """Print the balance."""
    with _hook(arguments) as hook:
        balance = hook.credits()
    _show({"credits": balance, "dollars": round(balance * DOLLARS_PER_CREDIT, 2)}, arguments.output)


@command
def status(arguments: Namespace) -> None:
    """Look once, and tell by the exit code as well how the task stands."""
    with _hook(arguments) as hook:
        task = hook.get_task(arguments.task_id, arguments.kind)
    if task.state is not TaskState.FAILED:
        task = replace(task, fail_code=None, fail_message=None)  # KIE fills them in for others too
    shown = {**asdict(task), "state": task.state.value, "raw_state": shorten(task.raw_state)}
    shown["completed_at"] = task.completed_at and to_iso(task.completed_at)
    _show({**shown, "fail_message": task.fail_message and shorten(task.fail_message)}, arguments.output)
    decision = judge(task)
    if decision.error is not None:
        end(code_of(decision.error), str(decision.error))
    if decision.verdict is Verdict.WAIT:
        raise SystemExit(ExitCode.NOT_READY)


@command
def wait(arguments: Namespace) -> None:
    """Wait for a video, and print where it is."""
    _check_times(arguments)
    how = _how_to_wait(arguments.task_id, arguments)
    with _hook(arguments) as hook, interruptible(f"Only the waiting has ended: what KIE.AI makes goes on. {how}"):
        states = list[str]()
        task = _wait(hook, arguments.task_id, arguments, code_of, how, see=states.append)
    _show(finished_result(task, completed_at=utc_now() if states else None).to_json(), arguments.output)


@command
def save(arguments: Namespace) -> None:
    """Store a video, and print where."""
    with _hook(arguments) as hook:
        try:
            task = require_video(hook.get_task(arguments.task_id, arguments.kind))
        except NotFinishedError:
            end(ExitCode.NOT_READY, f"The video is still being made. {_how_to_wait(arguments.task_id, arguments)}")
        saved = _save(hook, task, arguments.path, arguments)
    _show(finished_result(task, saved=saved).to_json(), arguments.output)


@command
def generate(arguments: Namespace) -> None:
    """Make a video, once the person has agreed to the price."""
    from airflow_provider_runway.storage.check_target import check_target
    from airflow_provider_runway.storage.sources import read_source
    from airflow_provider_runway.utils.config import read_prices

    _check_times(arguments)
    request = GenerateRequest(
        prompt=arguments.prompt,
        image_url=arguments.image_url,
        duration=arguments.duration,
        quality=arguments.quality,
        aspect_ratio=arguments.aspect_ratio or (None if arguments.image_url else "16:9"),
        watermark=arguments.watermark,
    )
    price = estimate(request, read_prices())
    if arguments.save_to is not None and arguments.no_wait:
        end(ExitCode.WRONG, "--save-to needs the video, and --no-wait does not wait for it. Nothing was sent.")
    with _hook(arguments) as hook:
        with ending_with(code_before_paying):
            if arguments.save_to is not None:
                check_target(arguments.save_to, None)
            image = request.image_url
            if is_file_address(image):
                read_source(str(image), "image_url", "picture")
            _agree(hook, price, yes=arguments.yes)
            if is_file_address(image):
                with uploading(str(image)) as progress:
                    uploaded = hook.upload(str(image), field="image_url", media="picture", on_progress=progress)
                request = replace(request, image_url=uploaded.url)
        look = f"Look at {hook.settings.logs_link()} before you try again."
        doubt = f"The request was on its way, and it is unknown whether KIE.AI took it: it may be paid. {look}"
        with interruptible(doubt, ExitCode.UNKNOWN):
            with ending_with(code_before_paying):
                task_id = _submit(hook, request, look)
            how = _how_to_wait(task_id, arguments)
            with interruptible(f"The video goes on being made at KIE.AI, and stays paid. {how}"):
                _follow(hook, task_id, price, arguments, how)


def _submit(hook: RunwayHook, request: GenerateRequest, look: str) -> str:
    try:
        return hook.submit(request)
    except AmbiguousSubmissionError as error:
        error.add(f"It may be paid. {look}")
        raise


def _follow(hook: RunwayHook, task_id: str, price: float | None, arguments: Namespace, how: str) -> None:
    """See a video that was just paid to its end; no exit code says from here on that nothing was."""
    submitted_at = to_iso(utc_now())
    say(f"Submitted to KIE.AI: task {task_id}, for {priced(price)}. It is paid.")
    if arguments.no_wait:
        submitted = submitted_result(
            task_id, "runway", parent_task_id=None, submitted_at=submitted_at, credits_estimate=price
        )
        return _show(submitted.to_json(), arguments.output)
    say(f"If this is interrupted, the video goes on. {how}")
    task = _wait(hook, task_id, arguments, lambda error: code_once_paid(error, ExitCode.NOT_READY), how)
    completed_at = utc_now()
    saved: Sequence[SavedFile] = ()
    if arguments.save_to is not None:
        again = f"To store it: {_how_to_save(task_id, arguments.save_to, arguments)}"
        with ending_with(lambda error: code_once_paid(error, ExitCode.NOT_STORED), again):
            saved = _save(hook, task, arguments.save_to, arguments)
    result = finished_result(
        task, submitted_at=submitted_at, completed_at=completed_at, credits_estimate=price, saved=saved
    )
    return _show(result.to_json(), arguments.output)


def sandbox(arguments: Namespace) -> None:
    """Run the sandbox until it is interrupted."""
    from airflow_provider_runway.sandbox.cli import run

    raise SystemExit(run(arguments))


def _hook(arguments: Namespace) -> RunwayHook:
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return RunwayHook(arguments.conn_id)


def _agree(hook: RunwayHook, price: float | None, *, yes: bool) -> None:
    """Have the person agree to the price, or leave."""
    balance, floor = hook.credits(), hook.settings.credit_floor
    if floor is not None:
        check_floor(balance, price, floor)
    cost = f"This video costs {priced(price)}; {balance:g} credits are left."
    if yes:
        return say(cost)
    if not sys.stdin.isatty():
        end(ExitCode.REFUSED, f"{cost} There is no terminal to ask at: --yes spends without asking. Nothing was sent.")
    sys.stderr.write(f"{cost} Make it? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        end(ExitCode.REFUSED, "Nothing was sent.")
    return None


def _check_times(arguments: Namespace) -> None:
    """See that the numbers of a wait can be waited by, before anything is sent."""
    check_seconds("--timeout", arguments.timeout)
    check_poll_interval("--poll-interval", arguments.poll_interval)


def _wait(
    hook: RunwayHook,
    task_id: str,
    arguments: Namespace,
    code: Callable[[RunwayError], ExitCode],
    how: str,
    *,
    see: Callable[[str], object] = str,
) -> VideoTask:
    """Wait, or leave with a code and, where there is something to wait for, with how to go on.

    :param see: Told each state in which the video was seen being made.
    """
    try:
        with waiting(task_id) as progress:

            def report(state: str, waited: float) -> None:
                see(state)
                progress(state, waited)

            return hook.wait(
                task_id,
                getattr(arguments, "kind", "runway"),
                poll_interval=arguments.poll_interval,
                timeout=arguments.timeout,
                on_change=report,
            )
    except RunwayError as error:
        ending = code(error)
        end(ending, f"{type(error).__name__}: {error}{f' {how}' if ending is ExitCode.NOT_READY else ''}")


def _save(hook: RunwayHook, task: VideoTask, path: str, arguments: Namespace) -> Sequence[SavedFile]:
    from airflow_provider_runway.storage import save

    with interruptible(f"To store the video: {_how_to_save(task.task_id, path, arguments)}"):
        if task.kind == "job":
            check_folder(path)
        with downloading(path) as progress:
            return save.save(
                task,
                path,
                renew_link=hook.renew_link,
                overwrite=getattr(arguments, "overwrite", False),
                thumbnail=getattr(arguments, "thumbnail", False),
                on_progress=progress,
            )


def _how_to_wait(task_id: str, arguments: Namespace) -> str:
    return f"To wait for it: {_line('wait', task_id, arguments=arguments)}"


def _how_to_save(task_id: str, path: str, arguments: Namespace) -> str:
    flags = [f"--{flag}" for flag in ("overwrite", "thumbnail") if getattr(arguments, flag, False)]
    return _line("save", task_id, path, *flags, arguments=arguments)


def _line(*words: str, arguments: Namespace) -> str:
    """A command that can be pasted into a shell, with what has to be said again to reach the same task."""
    kind = getattr(arguments, "kind", "runway")
    conn_id = [] if arguments.conn_id == RunwayHook.default_conn_name else ["--conn-id", arguments.conn_id]
    return shlex.join(["airflow", "runway", *words, *conn_id, *([] if kind == "runway" else ["--kind", kind])])


def _show(result: Mapping[str, Any], output: str) -> None:
    """Print a result to standard output."""
    if output == "json":
        text = json.dumps(result, indent=2)
    else:
        widest = max(map(len, result))
        text = "\n".join(f"{name:<{widest}}  {_cell(value)}" for name, value in result.items())
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _cell(value: object) -> str:
    """A value as one line of a table. In JSON it is whole."""
    return "" if value is None else printable(" ".join(str(value).splitlines()))[:_LONGEST_CELL]


# Longer than any link; what came of a job may be long.
_LONGEST_CELL = 4000
