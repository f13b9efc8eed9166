"""What OpenLineage is told. With its provider installed, its own types are used; otherwise ones that look like them."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fakes import GivenTime, fake_context
from operators.support import Task

from airflow_provider_runway.lineage import DataSet
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayExtendOperator
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator

IS_INSTALLED = importlib.util.find_spec("airflow.providers.openlineage") is not None


@dataclass
class Lineage:
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)


@dataclass
class Dataset:
    namespace: str
    name: str


@pytest.fixture(autouse=True)
def openlineage(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenLineage, or what stands in for it."""
    if not IS_INSTALLED:
        stand_ins: dict[str, dict[str, Any]] = {
            "airflow.providers.openlineage": {},
            "airflow.providers.openlineage.extractors": {"OperatorLineage": Lineage},
            "airflow.providers.common.compat.openlineage.facet": {"Dataset": Dataset},
        }
        for name, content in stand_ins.items():
            module = ModuleType(name)
            vars(module).update(content)
            monkeypatch.setitem(sys.modules, name, module)


def told(operator: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Inputs and outputs, as the provider's own extractor gets them."""
    if IS_INSTALLED:  # pragma: no cover - depends on the environment
        from airflow.providers.openlineage.extractors.base import DefaultExtractor

        lineage: Any = DefaultExtractor(operator).extract_on_complete(None)
    else:
        lineage = operator.get_openlineage_facets_on_complete(None)
    return tuple([(each.namespace, each.name) for each in part] for part in (lineage.inputs, lineage.outputs))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("address", "namespace", "name"),
    [
        ("s3://bucket/videos/fox.mp4", "s3://bucket", "videos/fox.mp4"),
        ("s3://aws_videos@bucket/fox.mp4", "s3://bucket", "fox.mp4"),
        ("gs://bucket/fox.mp4", "gs://bucket", "fox.mp4"),
        ("file:///srv/fox.mp4", "file", "/srv/fox.mp4"),
        ("https://example.com/fox.png?X-Amz-Signature=5ecret", "https://example.com", "/fox.png"),
        ("https://user:pass@example.com:8443/fox.png#part", "https://example.com:8443", "/fox.png"),
        ("https://example.com", "https://example.com", "/"),
    ],
)
def test_data_sets_are_named_as_openlineage_names_them(address: str, namespace: str, name: str) -> None:
    assert DataSet.of_address(address) == DataSet(namespace, name)


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_video_comes_from_its_picture_and_goes_to_kie_and_into_its_file(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path, deferrable: bool
) -> None:
    task = Task(
        image_url="https://example.com/fox.png?Signature=5ecret",
        save_to=f"{tmp_path}/fox.mp4",
        deferrable=deferrable,
    )

    result = task.run()

    assert told(task.operator) == (
        [("https://example.com", "/fox.png")],
        [("kie.ai", result["task_id"]), ("file", f"{tmp_path}/fox.mp4")],
    )


def test_a_file_is_an_input_by_its_own_name(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    task = Task(image_url=f"file://{tmp_path}/fox.png")

    task.run()

    assert told(task.operator)[0] == [("file", f"{tmp_path}/fox.png")]


def test_a_video_of_text_alone_comes_from_nothing(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()

    result = task.run()

    assert told(task.operator) == ([], [("kie.ai", result["task_id"])])


def test_an_extension_comes_from_the_video_before(kie: Sandbox, given_time: GivenTime) -> None:
    first = Task().run()["task_id"]
    task = Task(lambda: RunwayExtendOperator(task_id="more", runway_task_id=first, prompt="It looks up"))

    result = task.run()

    assert told(task.operator) == ([("kie.ai", first)], [("kie.ai", result["task_id"])])


def test_what_aleph_makes_comes_from_a_video_and_a_picture(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task(
        lambda: RunwayAlephOperator(
            task_id="change",
            prompt="Make it snow",
            video_url="https://a.example/fox.mp4",
            reference_image_url="https://a.example/snow.png",
        )
    )

    result = task.run()

    assert told(task.operator) == (
        [("https://a.example", "/snow.png"), ("https://a.example", "/fox.mp4")],
        [("kie.ai", result["task_id"])],
    )


def test_the_transfer_leads_from_kie_to_the_file(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    made = Task().run()["task_id"]
    operator = RunwayToObjectStorageOperator(task_id="store", runway_task_id=made, save_to=f"{tmp_path}/")

    operator.execute(fake_context())

    assert told(operator) == ([("kie.ai", made)], [("file", f"{tmp_path}/{made}.mp4")])


def test_a_task_that_made_nothing_tells_what_it_was_to_be_made_from(kie: Sandbox) -> None:
    task = Task(image_url="https://example.com/fox.png")

    assert told(task.operator) == ([("https://example.com", "/fox.png")], [])
