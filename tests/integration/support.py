"""What the tests with a real Airflow have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from airflow_provider_runway.sandbox import Sandbox

KEY, SECRET = "an-api-key-that-must-stay-in-the-connection", "whsec-of-the-account"
HOUR = 3600.0
# Of so many tasks that are mapped over as many prompts the first so many fit, of twelve credits each.
TASKS, ALLOWED = 7, 3
CREDITS_ALLOWED = 12 * ALLOWED


def until(true: Callable[[], object], what: str) -> None:
    """Wait for something, however slow the machine is."""
    deadline = time.monotonic() + 300
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


@contextmanager
def slow(sandbox: Sandbox) -> Iterator[None]:
    """Within the block a video takes an hour, which the test lets pass."""
    seconds = sandbox.settings.seconds
    sandbox.configure(seconds=HOUR)
    try:
        yield
    finally:
        sandbox.configure(seconds=seconds)
