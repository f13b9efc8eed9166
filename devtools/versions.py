"""The versions of Airflow that are supported: pins what they need, and runs the tests of the built wheel on each.

``python -m devtools.versions pin`` writes ``constraints/airflow-*.txt``; ``test`` makes an environment for each
version, installs the wheel there, and runs the tests from a folder that has no source of it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGE = ROOT / "build" / "versions"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of Airflow.

    :param name: Its first two numbers.
    :param airflow: The release.
    :param until: The day of that release: nothing newer is installed beside it.
    :param python: The Python that it is tried with, where the machine has it.
    :param oldest_python: The oldest Python that it takes.
    :param is_lowest: Whether this project's own requirements are as old as it allows.
    """

    name: str
    airflow: str
    until: str
    python: str
    oldest_python: str = "3.10"
    is_lowest: bool = False

    @property
    def constraints(self) -> Path:
        """The file that pins all that is installed beside it."""
        return ROOT / "constraints" / f"airflow-{self.name}.txt"

    @property
    def venv(self) -> Path:
        """The folder of its environment."""
        return ROOT / f".venv-{self.name}"

    @property
    def interpreter(self) -> Path:
        """The Python of its environment."""
        return self.venv / "bin" / "python"


VERSIONS = (
    Version("3.1", "3.1.8", "2026-03-14", python="3.10", is_lowest=True),
    Version("3.2", "3.2.2", "2026-06-01", python="3.11"),
    Version("3.3", "3.3.2", "2026-10-01", python="3.13"),
    Version("3.4", "3.4.0b2", "2026-10-22", python="3.12", oldest_python="3.11"),
)

# What depends on the version of Airflow. What is pure, or the sandbox's own, is tried once, by `make test`.
PARTS = (
    "tests/airflow_runs", "tests/cli", "tests/dags_examples/test_examples.py", "tests/dags_examples/test_loops.py",
    "tests/decorators", "tests/hooks", "tests/links", "tests/operators", "tests/plugin",
    "--ignore=tests/plugin/browser", "tests/report", "tests/sensors", "tests/transfers", "tests/triggers",
    "tests/utils", "tests/kie/test_contract.py", "tests/storage/test_locate.py", "tests/storage/test_target.py",
    "tests/test_compatibility.py", "tests/test_exceptions.py", "tests/test_get_provider_info.py",
    "tests/test_imports.py", "tests/test_results.py", "tests/test_retry_policy.py",
)  # fmt: skip
# Of these, what tells soonest that a version is not served as it should be: the contract, the examples, the imports.
BRIEF = (
    "tests/airflow_runs", "tests/dags_examples/test_examples.py", "tests/decorators",
    "tests/operators/test_paid_once.py", "tests/operators/test_runway.py", "tests/kie/test_contract.py",
    "tests/operators/test_compose.py", "tests/test_compatibility.py", "tests/test_get_provider_info.py",
    "tests/test_imports.py", "tests/test_retry_policy.py",
)  # fmt: skip
# A real Airflow of each version, the page of videos in it with a browser, where there is one.
INTEGRATION = ("tests/integration", "tests/plugin/browser/test_real_airflow.py")
# A warning is an error where our code is at fault; what older packages warn each other of is not.
WARNINGS = "filterwarnings=default\nerror:::airflow_provider_runway"
# The last lines of pytest begin with it, where there is more to say than how many passed.
SUMMARY = "=========================== short test summary info"
# What the tests read beside the installed package.
NEEDED = ("CHANGELOG.md", "constraints", "dags_examples", "devtools", "docs", "tests", "pyproject.toml", "README.md")


def uv(*words: str | Path) -> None:
    """Run uv, which says what is wrong if something is."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": ""}
    done = subprocess.run(
        [sys.executable, "-m", "uv", *map(str, words)], cwd=ROOT, env=environment, check=False, text=True,
        capture_output=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"uv {words[0]}: {done.stderr.strip()}")


def pin(version: Version) -> None:
    """Write down what a version is tried with."""
    wanted = [f"apache-airflow=={version.airflow}"]
    asked = (
        "pip", "compile", "--quiet", "--upgrade", "--universal", "--python-version", version.oldest_python,
        "--no-header", "--no-annotate", "--no-emit-index-url", "--exclude-newer", version.until, "--prerelease",
        "if-necessary-or-explicit", "--constraint", version.constraints.with_suffix(".in"), "--extra", "sandbox",
    )  # fmt: skip
    given = version.constraints.with_suffix(".in")
    try:
        given.write_text("\n".join(wanted))
        if version.is_lowest:
            uv(*asked, "--resolution", "lowest-direct", "--output-file", version.constraints, "pyproject.toml")
            given.write_text(version.constraints.read_text())
            version.constraints.unlink()
        uv(*asked, "--group", "test", "--output-file", version.constraints, "pyproject.toml")
    finally:
        given.unlink()


def find_python(wanted: str) -> str | None:
    """A Python of a version, such as 3.12, if the machine has it: on the path, or made by pyenv."""
    found = shutil.which(f"python{wanted}")
    if found and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0:
        return found
    made = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    return next((str(python) for python in sorted(made.glob(f"{wanted}.*/bin/python"))), None)


def build_wheel() -> Path:
    """Build what users install."""
    folder = STAGE / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    [wheel] = folder.glob("*.whl")
    return wheel


def set_up(version: Version, wheel: Path) -> None:
    """Make an environment with a version, and the wheel in it."""
    python = find_python(version.python) or sys.executable
    stamp = version.venv / ".ready"
    key = hashlib.sha256(version.constraints.read_bytes() + python.encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != key:
        if python == sys.executable:
            print(f"Airflow {version.airflow}: there is no Python {version.python}; it runs on this one.", flush=True)
        uv("venv", "--quiet", "--clear", "--python", python, version.venv)
        uv("pip", "install", "--quiet", "--python", version.interpreter, "--requirement", version.constraints)
        stamp.write_text(key)
    uv("pip", "install", "--quiet", "--python", version.interpreter, "--no-deps", "--reinstall", wheel)
    uv("pip", "check", "--python", version.interpreter)


def stage(version: Version) -> Path:
    """A folder with the tests and what they read, and without the source of the package."""
    folder = STAGE / version.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def run(version: Version, wheel: Path, what: Sequence[str]) -> bool:
    """Run tests on a version, and print how it went: all of it if it went wrong, else what was skipped, and why."""
    began = time.monotonic()
    set_up(version, wheel)
    ready = time.monotonic() - began
    folder = stage(version)
    log = STAGE / f"{version.name}.log"
    asked = [str(version.interpreter), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", WARNINGS, *what]
    environment = {**os.environ, "RUNWAY_TESTED_PACKAGE": str(version.venv), "PYTHONDONTWRITEBYTECODE": "1"}
    with log.open("w") as out:
        code = subprocess.run(asked, cwd=folder, env=environment, check=False, stdout=out, stderr=out).returncode
    text = log.read_text().strip()
    shown = text if code else text[text.rfind(SUMMARY if SUMMARY in text else "\n") :].lstrip()
    took = time.monotonic() - began
    print(f"{shown}\nAirflow {version.airflow}: set up in {ready:.0f} s, {took:.0f} s in all", flush=True)
    return code == 0


def chosen(names: Sequence[str]) -> Iterator[Version]:
    """The versions of some names; all, if there are none."""
    unknown = {*names} - {version.name for version in VERSIONS}
    if unknown:
        raise SystemExit(f"There is no {', '.join(sorted(unknown))}, but {', '.join(each.name for each in VERSIONS)}.")
    return (version for version in VERSIONS if not names or version.name in names)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m devtools.versions", description=__doc__)
    parser.add_argument("what", choices=("pin", "test", "set-up"))
    parser.add_argument("names", nargs="*", metavar="VERSION", help="such as 3.2; all, if left out")
    parser.add_argument("--integration", action="store_true", help="a real Airflow instead of the other tests")
    parser.add_argument("--brief", action="store_true", help="the contract, the examples, films and the imports alone")
    parser.add_argument("--at-once", type=int, default=2, help="versions at the same time (default: 2)")
    parser.add_argument("--only", action="append", help="run this with pytest instead; may be repeated")
    options = parser.parse_args()
    versions = list(chosen(options.names))
    if options.what == "pin":
        for version in versions:
            pin(version)
        return 0
    wheel = build_wheel()
    if options.what == "set-up":
        for version in versions:
            set_up(version, wheel)
        return 0
    tests = options.only or (INTEGRATION if options.integration else BRIEF if options.brief else PARTS)
    with ThreadPoolExecutor(1 if options.integration else options.at_once) as pool:
        return 0 if all([*pool.map(lambda version: run(version, wheel, tests), versions)]) else 1


if __name__ == "__main__":
    sys.exit(main())
