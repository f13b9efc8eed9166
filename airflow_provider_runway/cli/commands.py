"""What ``airflow runway`` does."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from airflow_provider_runway.cli.asking import agree
from airflow_provider_runway.cli.budget import SpendingByHand
from airflow_provider_runway.cli.ending import (
    ExitCode,
    code_before_paying,
    code_of,
    code_once_paid,
    command,
    end,
    ending_with,
    interruptible,
    say,
)
from airflow_provider_runway.cli.ordering import agree_to_order
from airflow_provider_runway.cli.pasting import (
    UNSUBMITTED,
    how_to_mend,
    how_to_save,
    how_to_store,
    how_to_wait,
    told,
    unpaid,
)
from airflow_provider_runway.cli.progress import transferring, waiting
from airflow_provider_runway.cli.showing import show, whole
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.errors import (
    AmbiguousSubmissionError,
    NotFinishedError,
    RunwayError,
    TargetExistsError,
)
from airflow_provider_runway.kie.judging import Verdict, judge, require_video
from airflow_provider_runway.kie.prices import DOLLARS_PER_CREDIT, check_floor, estimate, price_key, priced
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.kie.rules import check_poll_interval, check_seconds, is_file_address
from airflow_provider_runway.kie.tasks import TaskState, VideoTask
from airflow_provider_runway.kie.texts import shorten
from airflow_provider_runway.operators.parameters import check_folder
from airflow_provider_runway.results import finished_result, submitted_result, to_iso, utc_now

if TYPE_CHECKING:
    from airflow_provider_runway.storage.publishing import SavedFile


@command
def credits_(arguments: Namespace) -> None:
    """Print the balance."""
    with _hook(arguments) as hook:
        balance = hook.credits()
    show({"credits": whole(balance), "dollars": round(balance * DOLLARS_PER_CREDIT, 2)}, arguments.output)


@command
def status(arguments: Namespace) -> None:
    """Poll once, and tell by the exit code as well how the task stands."""
    agree_to_order(arguments)
    with _hook(arguments) as hook:
        task = hook.get_task(arguments.task_id, arguments.kind)
    if task.state is not TaskState.FAILED:
        task = replace(task, fail_code=None, fail_message=None)  # KIE fills them in for others too
    shown = {**asdict(task), "state": task.state.value, "raw_state": shorten(task.raw_state)}
    shown["completed_at"] = task.completed_at and to_iso(task.completed_at)
    del shown["asked"], shown["created_at"]  # the address that is called back is for KIE.AI alone
    show({**shown, "fail_message": task.fail_message and shorten(task.fail_message)}, arguments.output)
    decision = judge(task)
    if decision.error is not None:
        end(code_of(decision.error), str(decision.error))
    if decision.verdict is Verdict.WAIT:
        raise SystemExit(ExitCode.NOT_READY)


@command
def wait(arguments: Namespace) -> None:
    """Wait for a video, and print where it is."""
    _check_times(arguments)
    agree_to_order(arguments)
    how = how_to_wait(arguments.task_id, arguments)
    with _hook(arguments) as hook, interruptible(f"Only the waiting has ended: what KIE.AI makes goes on. {how}"):
        states = list[str]()
        task = _wait(hook, arguments.task_id, arguments, code_of, how, see=states.append)
    show(finished_result(task, completed_at=utc_now() if states else None).to_json(), arguments.output)


@command
def save(arguments: Namespace) -> None:
    """Store a video, and print where."""
    agree_to_order(arguments)
    with _hook(arguments) as hook:
        try:
            task = require_video(hook.get_task(arguments.task_id, arguments.kind))
        except NotFinishedError:
            end(ExitCode.NOT_READY, f"The video is still being made. {how_to_wait(arguments.task_id, arguments)}")
        saved = _save(hook, task, arguments.path, arguments, code_of)
    show(finished_result(task, saved=saved).to_json(), arguments.output)


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
        with ending_with(code_before_paying, lambda error: unpaid(error, arguments, UNSUBMITTED)):
            if arguments.save_to is not None:
                try:
                    check_target(arguments.save_to, None)
                except TargetExistsError:
                    there = f"TargetExistsError: There is a file at {arguments.save_to} already."
                    end(ExitCode.WRONG, f"{there} Nothing was sent or paid. Remove it, or give --save-to another path.")
            image = request.image_url
            if is_file_address(image):
                read_source(str(image), "image_url", "picture")
            spending = SpendingByHand.of_hook(hook, price, price_key(request))
            spending.check()
            _agree(hook, price, yes=arguments.yes)
            if is_file_address(image):
                with transferring("Uploading", str(image)) as progress:
                    uploaded = hook.upload(str(image), field="image_url", media="picture", on_progress=progress)
                request = replace(request, image_url=uploaded.url)
        look = f"Look at {hook.settings.logs_link()} before you try again."
        doubt = f"The request was on its way, and it is unknown whether KIE.AI took it: it may be paid. {look}"
        with interruptible(doubt, ExitCode.UNKNOWN):
            with ending_with(code_before_paying), spending.counted():
                task_id = _submit(hook, request, look)
            how = how_to_wait(task_id, arguments)
            with interruptible(f"The video goes on being made at KIE.AI, and stays paid. {how}"):
                _follow(hook, task_id, price, arguments, how)


def _submit(hook: RunwayHook, request: GenerateRequest, look: str) -> str:
    try:
        return hook.submit(request)
    except AmbiguousSubmissionError as error:
        raise error.replace(*error.args, f"It may be paid. {look}") from error.__cause__


def _follow(hook: RunwayHook, task_id: str, price: float | None, arguments: Namespace, how: str) -> None:
    """See a video that was just paid to its end; no exit code says from here on that nothing was."""
    submitted_at = to_iso(utc_now())
    say(f"Submitted to KIE.AI: task {task_id}, for {priced(price)}. It is paid.")
    if arguments.no_wait:
        say(how)
        submitted = submitted_result(
            task_id, "runway", parent_task_id=None, submitted_at=submitted_at, credits_estimate=price
        )
        return show(submitted.to_json(), arguments.output)
    say(f"If this is interrupted, the video goes on. {how}")
    task = _wait(hook, task_id, arguments, lambda error: code_once_paid(error, ExitCode.NOT_READY), how)
    completed_at = utc_now()
    saved: Sequence[SavedFile] = ()
    if arguments.save_to is not None:
        saved = _save(
            hook, task, arguments.save_to, arguments, lambda error: code_once_paid(error, ExitCode.NOT_STORED)
        )
    result = finished_result(
        task, submitted_at=submitted_at, completed_at=completed_at, credits_estimate=price, saved=saved
    )
    return show(result.to_json(), arguments.output)


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
    agree(cost, "Make it?", "Nothing was sent.", yes=yes, yes_does="spends without asking")


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
    began = hook.clock.monotonic()
    try:
        with waiting(task_id) as progress:

            def report(state: str, waited: float) -> None:
                see(state)
                progress(state, waited)

            task = hook.wait(
                task_id,
                getattr(arguments, "kind", "runway"),
                poll_interval=arguments.poll_interval,
                timeout=arguments.timeout,
                on_change=report,
            )
            progress("ready", hook.clock.monotonic() - began)
            return task
    except RunwayError as error:
        ending = code(error)
        is_there = ending is ExitCode.NOT_READY
        hint = f"{how_to_mend(error, arguments)}{how}" if is_there else unpaid(error, arguments)
        end(ending, f"{type(error).__name__}: {error}{hint and f' {hint}'}")


def _save(
    hook: RunwayHook, task: VideoTask, path: str, arguments: Namespace, code: Callable[[RunwayError], ExitCode]
) -> Sequence[SavedFile]:
    """Store the video, or leave with a code and, where it is there, with how to store it."""
    try:
        return _store(hook, task, path, arguments)
    except RunwayError as error:
        ending = code(error)
        is_there = ending is ExitCode.NOT_STORED
        hint = how_to_store(error, task.task_id, path, arguments) if is_there else unpaid(error, arguments)
        end(ending, f"{type(error).__name__}: {told(error)}{hint and f' {hint}'}")


def _store(hook: RunwayHook, task: VideoTask, path: str, arguments: Namespace) -> Sequence[SavedFile]:
    from airflow_provider_runway.storage import save

    with interruptible(f"To store the video: {how_to_save(task.task_id, path, arguments)}"):
        if not task.is_one_video:
            check_folder(path)
        with transferring("Downloading", path) as progress:
            return save.save(
                task,
                path,
                hook=hook,
                overwrite=getattr(arguments, "overwrite", False),
                thumbnail=getattr(arguments, "thumbnail", False),
                on_progress=progress,
            )
