"""One idea, one file, its tests in a file of the same name, and no long ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "airflow_provider_runway"
LONGEST = 300
FILES = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
# Modules and folders whose tests have another name: where most of them are. The sandbox is tested over HTTP, as
# a client sees it; what is a part of one thing, as that thing.
TESTED_IN: Mapping[str, str] = {
    "cli/__main__.py": "cli/test_main.py",
    "hooks/connections.py": "hooks/test_runway.py",
    "hooks/form.py": "test_get_provider_info.py",
    "hooks/uploads.py": "kie/test_uploads.py",
    "kie/advice.py": "kie/test_errors.py",
    "kie/over_aiohttp.py": "kie/test_client_on_the_wire.py",
    "operators/base.py": "operators/test_execution.py",
    "operators/free_task.py": "operators/test_upload.py",
    "operators/runway.py": "operators/test_parameters.py",
    "operators/submitter.py": "operators/test_refusals.py",
    "operators/try_end.py": "operators/test_paid_once.py",
    "operators/video_job.py": "operators/test_execution.py",
    "plugin/airflow_models.py": "plugin/test_videos.py",
    "plugin/app.py": "plugin/test_access.py",
    "plugin/cards.py": "plugin/test_videos.py",
    "plugin/listing.py": "plugin/test_videos.py",
    "plugin/operator_names.py": "plugin/test_definition.py",
    "sandbox": "sandbox/test_runway_endpoints.py",
    "utils/failures.py": "operators/test_failures.py",
    "utils/mixins.py": "operators/test_execution.py",
}


def namesake(module: str) -> Path:
    return TESTS / PurePosixPath(module).with_name(f"test_{PurePosixPath(module).name}")


def listed(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}/") for name in TESTED_IN)


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    assert [name for name, file in FILES.items() if len(file.read_text().splitlines()) > LONGEST] == []


def test_every_module_has_a_file_of_tests() -> None:
    modules = {name for name in FILES if PurePosixPath(name).name != "__init__.py"}

    assert [name for name in sorted(modules) if not namesake(name).exists() and not listed(name)] == []


def test_the_list_of_other_names_is_true_and_needed() -> None:
    assert [name for name, tests in TESTED_IN.items() if not (TESTS / tests).exists()] == []
    assert [name for name in TESTED_IN if not (PACKAGE / name).exists() or namesake(name).exists()] == []
