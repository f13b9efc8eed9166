"""A batch at KIE's limit: how many POSTs a video, and how long beside what the limit itself imposes.

Everything is real but Airflow's scheduling: the operators, their records, the admission queue on its event loop, the
HTTP requests, and a sandbox that refuses what is above the limit. Airflow's part is played by threads: a task that is
let through reaches its worker late, by a time that is drawn anew for each. It runs in real time: a thousand videos take
nine minutes.

    python -m devtools.bench.batch --videos 1000 --triggerers 1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import certifi
import structlog
from airflow.sdk import Context
from airflow.sdk.exceptions import TaskDeferred
from typing_extensions import Self

from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.sandbox import Sandbox, SandboxSettings
from airflow_provider_runway.triggers.admission import RunwayAdmissionTrigger

LIMIT, WINDOW = 20, 10.0
# Workers that Airflow has.
_SLOTS = 32
# Seconds, within the lead that the queue gives and at times beyond it, as measured of an Airflow that is busy.
_QUICKEST, _USUAL, _LATEST = 0.5, 1.5, 6.0


@dataclass(frozen=True)
class Outcome:
    """How a batch went."""

    videos: int
    triggerers: int
    posts: int
    refused: int
    charges: int
    failed: int
    seconds: float

    @property
    def posts_per_video(self) -> float:
        """At best 1."""
        return self.posts / self.videos

    @property
    def share_of_limit(self) -> float:
        """The time it took, in times of what the limit alone imposes."""
        return self.seconds / (self.videos / LIMIT * WINDOW)


class _Store:
    """The task state store of one task."""

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(self._rows[key]) if key in self._rows else default

    def set(self, key: str, value: Any, *, retention: object = None) -> None:
        del retention
        self._rows[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self._rows.pop(key, None)


class _TaskInstance:
    """What the operator asks of a task instance."""

    dag_id, max_tries, try_number = "batch", 0, 1

    def __init__(self, under_way: int) -> None:
        self._under_way = under_way

    def xcom_push(self, key: str, value: Any) -> None:
        """Nobody reads it."""

    def get_ti_count(self, **_: Any) -> int:
        return self._under_way


class _Triggerer:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def fire(self, trigger: RunwayAdmissionTrigger) -> Any:
        """Let a trigger, made anew from what Airflow stores, run to its event; blocks the caller alone."""
        arguments = json.loads(json.dumps(trigger.serialize()[1]))
        return asyncio.run_coroutine_threadsafe(_event(arguments), self._loop).result()


async def _event(arguments: dict[str, Any]) -> Any:
    async for event in RunwayAdmissionTrigger(**arguments).run():
        return event.payload
    raise RuntimeError("the trigger did not fire")


def _one_authority() -> Any:
    """A certificate store that is quick to read: no request here is encrypted."""
    end = "-----END CERTIFICATE-----\n"
    file = tempfile.NamedTemporaryFile("w", suffix=".pem")  # noqa: SIM115 - the caller closes it
    file.write(Path(certifi.where()).read_text().partition(end)[0] + end)
    file.flush()
    return file


def run(videos: int, triggerers: int, seed: int) -> Outcome:
    """Submit a batch as Airflow would."""
    chance = random.Random(seed)
    late = [min(_LATEST, _QUICKEST + chance.expovariate(1 / (_USUAL - _QUICKEST))) for _ in range(20 * videos)]
    draws = iter(late)
    with ExitStack() as stack:
        os.environ["SSL_CERT_FILE"] = stack.enter_context(_one_authority()).name
        settings = SandboxSettings(seconds=3600, credits=10**9, submissions_per_window=LIMIT, window_seconds=WINDOW)
        kie = stack.enter_context(Sandbox(settings))
        os.environ["AIRFLOW_CONN_RUNWAY_DEFAULT"] = kie.connection_json()
        loops = [stack.enter_context(_Triggerer()) for _ in range(triggerers)]
        slots = threading.Semaphore(_SLOTS)
        started = time.monotonic()

        def one(number: int) -> bool:
            """One task through its stretches. A worker is taken for each of them, and none between."""
            operator = RunwayGenerateOperator(
                task_id="video", prompt=f"Fox {number}", aspect_ratio="16:9", wait_for_completion=False
            )
            context = cast("Context", {"ti": _TaskInstance(videos), "task_state_store": _Store()})
            method, arguments = "execute", dict[str, Any]()
            while True:
                time.sleep(next(draws))
                try:
                    with slots:
                        getattr(operator, method)(context, **arguments)
                except TaskDeferred as deferred:
                    trigger = cast("RunwayAdmissionTrigger", deferred.trigger)
                    method, arguments = deferred.method_name, {"event": loops[number % triggerers].fire(trigger)}
                except Exception as error:  # noqa: BLE001 - counted, and said
                    print(f"{number}: {type(error).__name__}: {error}", file=sys.stderr)
                    return False
                else:
                    return True

        with ThreadPoolExecutor(videos) as tasks:
            done = list(tasks.map(one, range(videos)))
        seconds = time.monotonic() - started
        ledger = kie.read_ledger(requests=0)
        return Outcome(
            videos=videos,
            triggerers=triggerers,
            posts=ledger.counts["submit"],
            refused=ledger.codes.get("429", 0),
            charges=len(ledger.charges),
            failed=done.count(False),
            seconds=seconds,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a batch and print how it went."""
    parser = argparse.ArgumentParser(description="A batch of videos at KIE.AI's limit, in real time.")
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--triggerers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    outcome = run(options.videos, options.triggerers, options.seed)
    print(
        f"{outcome.videos} videos, {outcome.triggerers} triggerer(s): {outcome.posts} POSTs "
        f"({outcome.posts_per_video:.3f} a video, {outcome.refused} refused), {outcome.charges} charges, "
        f"{outcome.failed} failed, {outcome.seconds:.0f} s ({outcome.share_of_limit:.3f} of what the limit imposes)"
    )
    return 0 if outcome.failed == 0 and outcome.charges == outcome.videos else 1


if __name__ == "__main__":
    sys.exit(main())
