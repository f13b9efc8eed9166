from __future__ import annotations

import subprocess
import sys

from airflow_provider_runway.film import leash


def held(*command: str, **options: object) -> subprocess.Popen[str]:
    """A program on the leash."""
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return] # options of its own
        [sys.executable, "-I", "-S", leash.__file__, *command], stdin=subprocess.PIPE, text=True, **options
    )


def test_it_ends_as_the_program_does() -> None:
    process = held(sys.executable, "-c", "import sys; sys.exit(7)")

    assert process.wait() == 7
    process.communicate()


def test_the_program_ends_when_nobody_holds_it_any_more() -> None:
    process = held(sys.executable, "-c", "import time; print('runs', flush=True); time.sleep(3600)", stdout=-1)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "runs\n"

    process.stdin.close()

    assert process.wait() == -9
    process.stdout.close()


def test_the_program_reads_nothing_of_what_holds_it() -> None:
    process = held(sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))", stdout=-1)
    assert process.stdout is not None

    assert process.stdout.read() == "''\n"
    process.communicate()


def test_a_program_that_is_not_there_is_told_of() -> None:
    process = held("/no/such/program", stderr=-1)

    assert process.communicate()[1] == "/no/such/program cannot be started: No such file or directory\n"
    assert process.returncode == leash.NOT_STARTED
