"""What OpenLineage is told. With its provider installed, its own types are used; otherwise ones that look like them."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from fakes import PIXEL, GivenTime, fake_context
from operators.support import Task

from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayExtendOperator
from airflow_provider_runway.operators.upload import RunwayUploadOperator
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.sensors.runway import RunwayVideoSensor
from airflow_provider_runway.transfers.runway_to_object_storage import RunwayToObjectStorageOperator
from airflow_provider_runway.utils.openlineage import DataSet, made_from_input

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


def links(result: Any) -> list[tuple[str, str]]:
    """The files that a result has at KIE, by their links."""
    named = [result["video_url"], result["image_url"]]
    return [(f"{parts.scheme}://{parts.netloc}", parts.path) for parts in map(urlsplit, filter(None, named))]


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
        ("file:///srv/a#1 b%20c?.mp4", "file", "/srv/a#1 b%20c?.mp4"),
        ("s3://c@bucket/a#1?x.mp4", "s3://bucket", "a#1?x.mp4"),
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
        [("kie.ai", result["task_id"]), *links(result), ("file", f"{tmp_path}/fox.mp4")],
    )


def test_a_file_is_an_input_by_its_own_name(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_bytes(PIXEL)
    task = Task(image_url=f"file://{tmp_path}/fox.png")

    task.run()

    assert told(task.operator)[0] == [("file", f"{tmp_path}/fox.png")]


def test_a_video_of_text_alone_comes_from_nothing(kie: Sandbox, given_time: GivenTime) -> None:
    task = Task()

    result = task.run()

    assert told(task.operator) == ([], [("kie.ai", result["task_id"]), *links(result)])


def test_an_extension_comes_from_the_video_before(kie: Sandbox, given_time: GivenTime) -> None:
    first = Task().run()["task_id"]
    task = Task(lambda: RunwayExtendOperator(task_id="more", runway_task_id=first, prompt="It looks up"))

    result = task.run()

    assert told(task.operator) == ([("kie.ai", first)], [("kie.ai", result["task_id"]), *links(result)])


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
        [("kie.ai", result["task_id"]), *links(result)],
    )


def test_the_transfer_leads_from_kie_to_the_file(kie: Sandbox, given_time: GivenTime, tmp_path: Path) -> None:
    made = Task().run()["task_id"]
    operator = RunwayToObjectStorageOperator(task_id="store", runway_task_id=made, save_to=f"{tmp_path}/")

    result = operator.execute(fake_context())

    assert told(operator) == ([("kie.ai", made), *links(result)], [("file", f"{tmp_path}/{made}.mp4")])


def test_a_task_that_made_nothing_tells_what_it_was_to_be_made_from(kie: Sandbox) -> None:
    task = Task(image_url="https://example.com/fox.png")

    assert told(task.operator) == ([("https://example.com", "/fox.png")], [])


def test_a_chain_holds_from_the_picture_to_the_file_whichever_way_it_goes(
    kie: Sandbox, given_time: GivenTime, tmp_path: Path
) -> None:
    (tmp_path / "fox.png").write_bytes(PIXEL)
    upload = RunwayUploadOperator(task_id="up", path=f"{tmp_path}/fox.png")
    picture = upload.execute(fake_context())["url"]
    job = Task(lambda: KieJobOperator(task_id="j", model="google/nano-banana", input={"image_urls": [picture]}))
    drawn = job.run()["video_url"]
    generate = Task(image_url=drawn, wait_for_completion=False)
    submitted = generate.run()["task_id"]
    kie.advance(600)
    sensor = RunwayVideoSensor(task_id="s", runway_task_id=submitted)
    seen = sensor.execute(fake_context())
    extend = Task(lambda: RunwayExtendOperator(task_id="e", runway_task_id=submitted, prompt="On"))
    longer = extend.run()
    aleph = Task(lambda: RunwayAlephOperator(task_id="a", prompt="Snow", video_url=longer["video_url"]))
    snowy = aleph.run()
    later = Task(lambda: KieJobOperator(task_id="k", model="veo/extend", input={"task_id": "7", "x": [{"y": drawn}]}))
    later.run()
    transfer = RunwayToObjectStorageOperator(
        task_id="store", runway_task_id=snowy["task_id"], kind="aleph", save_to=f"{tmp_path}/"
    )
    transfer.execute(fake_context())

    steps = [upload, job.operator, generate.operator, sensor, aleph.operator, transfer]
    lines = [told(step) for step in steps]
    assert lines[0][0] == [("file", f"{tmp_path}/fox.png")]
    for before, after in [(0, 1), (1, 2), (2, 3), (4, 5)]:
        assert set(lines[before][1]) & set(lines[after][0]), (before, after)
    assert told(extend.operator)[0] == [("kie.ai", submitted)]
    assert set(told(extend.operator)[1]) & set(lines[4][0])
    assert links(seen)[0] in lines[3][1]
    assert lines[5][1] == [("file", f"{tmp_path}/{snowy['task_id']}.mp4")]
    assert told(later.operator)[0] == [
        ("kie.ai", "jobs:7"),
        (DataSet.of_address(drawn).namespace, DataSet.of_address(drawn).name),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "See https://example.com/a.png for more"},
        {"a": "://x"},
        {"a": "http://"},
        {"a": 7, "task_id": 7},
        {"image": "data:image/png;base64,iVBORw0KGgo="},
        {"a": "https://example.com/" + "x" * 9000},
        {"task_id": ""},
        {},
    ],
)
def test_what_is_no_address_is_no_input_of_a_job(fields: Any) -> None:
    assert made_from_input(fields) == []


def test_an_input_without_bound_is_looked_at_within_bounds() -> None:
    nested: Any = "https://example.com/deep.png"
    for _ in range(500):
        nested = [nested]
    fields = {"nested": nested, "urls": [f"https://example.com/{number}.png" for number in range(20_000)]}

    assert len(made_from_input(fields)) == 10_000
