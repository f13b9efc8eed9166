"""One idea, one file, its tests in a file of the same name, and no long ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "airflow_provider_runway"
LONGEST = 300
FILES = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
# Modules and folders that are tested through others: where most of their tests are, and why there.
TESTED_IN: Mapping[str, str] = {
    "cli/__main__.py": "cli/test_main.py",  # another name, the same thing
    "cli/budget.py": "cli/test_spent.py",  # seen by what the ledger then has
    "film/compose.py": "operators/test_compose.py",  # seen by the films that come of it
    "film/order.py": "operators/test_compose.py",  # what the operator is given
    "film/stored.py": "operators/test_compose.py",  # the films that come of it
    "hooks/form.py": "test_get_provider_info.py",  # read as a part of the provider's info
    "kie/advice.py": "kie/test_flows_of_refusals.py",  # the texts of errors end in it
    "kie/endpoints.py": "kie/test_families.py",  # values alone, which the table there is made of
    "kie/kinds.py": "kie/test_families.py",  # values alone, which the table there is of
    "kie/numbers.py": "kie/test_tasks.py",  # the numbers of records
    "kie/over_aiohttp.py": "kie/test_client_on_the_wire.py",  # one of two senders that all of it runs through
    "operators/finish.py": "operators/test_lifecycle.py",  # the end of the lifecycle
    "operators/free_task.py": "operators/test_upload.py",  # what the tasks that spend nothing inherit
    "operators/lineage.py": "utils/test_openlineage.py",  # seen by what OpenLineage is told
    "operators/try_end.py": "operators/test_paid_once.py",  # seen by what the next try pays
    "operators/video_job.py": "operators/test_lifecycle.py",  # values alone, which the lifecycle takes and gives
    "plugin/airflow_models.py": "plugin/test_videos.py",  # read by the list of videos alone
    "plugin/app.py": "plugin/test_access.py",  # the routes, which are asked as who may
    "plugin/callback_delivery.py": "plugin/test_waking.py",  # what the receiver does with a call
    "plugin/cards.py": "plugin/test_videos.py",  # what the list of videos is made of
    "plugin/listing.py": "plugin/test_videos.py",  # same
    "plugin/operator_names.py": "plugin/test_definition.py",  # a table for the page
    "plugin/seen.py": "plugin/test_videos.py",  # same
    "publishing/asking.py": "transfers/test_published_once.py",  # asked by what is in doubt
    "publishing/body.py": "transfers/test_video_to_http.py",  # seen by the service that is sent it
    "publishing/deadline.py": "transfers/test_published_once.py",  # seen by answers that drip
    "publishing/errors.py": "test_exceptions.py",  # part of the one tree
    "publishing/publisher.py": "transfers/test_published_once.py",  # what the operator does, try after try
    "publishing/records.py": "transfers/test_published_once.py",  # same
    "publishing/request.py": "transfers/test_video_to_http.py",  # the operator's parameters
    "publishing/result.py": "transfers/test_video_to_http.py",  # what it returns
    "publishing/sender.py": "transfers/test_video_to_http.py",  # what it sends
    "publishing/video.py": "transfers/test_video_to_http.py",  # same
    "sandbox": "sandbox/test_runway_endpoints.py",  # asked over HTTP, as by a client
    "storage/publishing.py": "storage/test_save.py",  # the end of every file that is stored
    "utils/mixins.py": "operators/test_base.py",  # what operators and sensor inherit
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
