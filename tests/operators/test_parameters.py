from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, task

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sensors.runway import RunwayVideoSensor

FOX = {"task_id": "video", "prompt": "A fox in the snow", "aspect_ratio": "16:9"}
SNOW = {"task_id": "snow", "prompt": "Make it snow", "video_url": "https://a.example/fox.mp4"}
NEXT = {"task_id": "more", "prompt": "It looks up", "runway_task_id": "task-1"}


@pytest.mark.parametrize(
    ("given", "field", "rule"),
    [
        ({"prompt": ""}, "prompt", "must be a text of 1 to 1800 characters"),
        ({"prompt": "  \n"}, "prompt", "must be a text of 1 to 1800 characters"),
        ({"prompt": 7}, "prompt", "must be a text of 1 to 1800 characters"),
        ({"prompt": "x" * 1801}, "prompt", "must be at most 1800 characters"),
        ({"duration": 7}, "duration", "must be 5 or 10 (seconds)"),
        ({"duration": "seven"}, "duration", "must be 5 or 10 (seconds)"),
        ({"duration": 5.5}, "duration", "must be 5 or 10 (seconds)"),
        ({"duration": True}, "duration", "must be 5 or 10 (seconds)"),
        ({"duration": "nan"}, "duration", "must be 5 or 10 (seconds)"),
        ({"duration": "1e999999"}, "duration", "must be 5 or 10 (seconds)"),
        ({"duration": Decimal("5.5")}, "duration", "must be 5 or 10 (seconds)"),
        ({"duration": b"5"}, "duration", "must be 5 or 10 (seconds)"),
        ({"quality": "4k"}, "quality", "must be '720p' or '1080p'"),
        ({"duration": 10, "quality": "1080p"}, "quality", "must be '720p' when duration is 10 seconds"),
        ({"duration": "10", "quality": "1080p"}, "quality", "must be '720p' when duration is 10 seconds"),
        ({"aspect_ratio": "2:1"}, "aspect_ratio", "must be one of 16:9, 4:3, 1:1, 3:4, 9:16"),
        ({"aspect_ratio": None}, "aspect_ratio", "is needed without image_url: one of 16:9, 4:3, 1:1, 3:4, 9:16"),
        ({"image_url": "fox.png"}, "image_url", "must be an absolute http:// or https:// URL"),
        ({"callback_url": "nowhere"}, "callback_url", "must be an absolute http:// or https:// URL"),
        ({"watermark": 7}, "watermark", "must be a text"),
        ({"image_url": "s3://bucket/folder/"}, "image_url", "must be an absolute http:// or https:// URL"),
    ],
)
def test_a_literal_that_breaks_a_rule_is_refused_while_the_dag_is_read(
    given: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        RunwayGenerateOperator(**{**FOX, **given})

    assert caught.value.field == field
    assert caught.value.value == given[field]
    assert caught.value.rule.startswith(rule)
    assert repr(given[field])[:60] in str(caught.value)
    assert str(caught.value).startswith(f"{field} {rule}")
    assert str(caught.value).endswith("Nothing was sent.")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"quality": "480p"}, "quality"),
        ({"runway_task_id": ""}, "runway_task_id"),
        ({"runway_task_id": None}, "runway_task_id"),
        ({"runway_task_id": "two words"}, "runway_task_id"),
        ({"runway_task_id": 17}, "runway_task_id"),
        ({"callback_url": "ftp://a.example"}, "callback_url"),
        ({"watermark": ["ours"]}, "watermark"),
    ],
)
def test_a_literal_of_an_extension_that_breaks_a_rule_is_refused_while_the_dag_is_read(
    given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequestError, match=f"^{field} must be .* Nothing was sent.$") as caught:
        RunwayExtendOperator(**{**NEXT, **given})

    assert (caught.value.field, caught.value.value) == (field, given[field])


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"prompt": " "}, "must be a text of at least 1 character"),
        ({"video_url": None}, "must be an absolute http:// or https:// URL"),
        ({"video_url": "fox.mp4"}, "must be an absolute http:// or https:// URL"),
        ({"aspect_ratio": "2:1"}, "must be one of 16:9, 9:16, 4:3, 3:4, 1:1, 21:9"),
        ({"seed": "seven"}, "must be a whole number"),
        ({"seed": 7.5}, "must be a whole number"),
        ({"reference_image_url": "snow.png"}, "must be an absolute http:// or https:// URL"),
        ({"watermark": "x" * 21}, "must be 1 to 20 characters"),
        ({"upload_cn": "yes"}, "must be True or False"),
    ],
)
def test_a_literal_for_aleph_that_breaks_a_rule_is_refused_while_the_dag_is_read(
    given: dict[str, Any], rule: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        RunwayAlephOperator(**{**SNOW, **given})

    assert (caught.value.field, caught.value.value) == next(iter(given.items()))
    assert caught.value.rule.startswith(rule)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"seed": "{{ 7 }}"}, "seed", 7),
        ({"seed": "{{ none }}"}, "seed", None),
        ({"seed": ""}, "seed", None),
        ({"aspect_ratio": "{{ '21:9' }}"}, "aspect_ratio", "21:9"),
        ({"watermark": "{{ '' }}"}, "watermark", None),
        ({"reference_image_url": "{{ '' }}"}, "reference_image_url", None),
        ({"video_url": "https://a.example/{{ 'fox' }}.mp4"}, "video_url", "https://a.example/fox.mp4"),
        ({"upload_cn": True}, "upload_cn", True),
    ],
)
def test_what_templates_make_of_the_parameters_for_aleph_is_what_is_asked_for(
    given: dict[str, Any], name: str, value: object
) -> None:
    operator = RunwayAlephOperator(**{**SNOW, **given})
    operator.render_template_fields({})

    assert getattr(operator.build_request(), name) == value


@pytest.mark.parametrize("given", [{"video_url": "{{ none }}"}, {"seed": "{{ 'x' }}"}, {"watermark": "{{ 'x' * 21 }}"}])
def test_what_templates_render_to_for_aleph_is_judged_before_anything_is_sent(given: dict[str, Any]) -> None:
    operator = RunwayAlephOperator(**{**SNOW, **given})
    operator.render_template_fields({})

    with pytest.raises(InvalidRequestError, match="Nothing was sent"):
        operator.build_request()


@pytest.mark.parametrize("name", ["poll_interval", "timeout"])
@pytest.mark.parametrize(
    "value", [0, -1, "10", None, True, timedelta(0), timedelta(days=-1), float("nan"), float("inf"), 1e9]
)
def test_a_time_that_cannot_work_is_refused_while_the_dag_is_read(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"must be a time (above zero|of at least 1 s), in s") as caught:
        RunwayGenerateOperator(**{**FOX, name: value})

    assert caught.value.field == name


@pytest.mark.parametrize(("given", "seconds"), [(90, 90), (1, 1), (1.5, 1.5), (timedelta(minutes=2), 120)])
def test_times_are_seconds_or_timedeltas(given: float | timedelta, seconds: float) -> None:
    operator = RunwayGenerateOperator(**FOX, timeout=given, poll_interval=given)

    assert operator.timeout == timedelta(seconds=seconds)
    assert operator.poll_interval == seconds


def test_an_unknown_policy_for_ambiguous_submissions_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="must be 'fail', 'resubmit' or 'resubmit_if_silent'; got 'retry'"):
        RunwayGenerateOperator(**FOX, on_ambiguous_submit="retry")


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(TypeError, match="promt"):
        RunwayGenerateOperator(**FOX, promt="A fox")


@pytest.mark.parametrize(
    "given",
    [
        {"prompt": "{{ params.prompt }}"},
        {"prompt": "{% if ds %}A fox{% endif %}"},
        {"duration": "{{ params.seconds }}"},
        {"duration": "{{ params.seconds }}", "quality": "1080p"},
        {"quality": "{{ params.lines }}", "duration": 10},
        {"aspect_ratio": "{{ params.shape }}"},
        {"image_url": "{{ params.image }}", "aspect_ratio": None},
        {"image_url": "s3://{{ params.image }}"},
        {"callback_url": "{{ var.value.hook }}", "watermark": "{{ params.text }}"},
        {"callback_url": "", "watermark": ""},
    ],
)
def test_a_template_is_not_judged_before_it_is_rendered(given: dict[str, Any]) -> None:
    operator = RunwayGenerateOperator(**{**FOX, **given})

    assert {name: getattr(operator, name) for name in given} == given


def output(operator: BaseOperator) -> Any:
    """``operator.output["task_id"]``: its type is more general than what it is."""
    every: Any = operator.output
    return every["task_id"]


def test_the_output_of_another_task_is_not_judged_before_it_is_there() -> None:
    @task
    def idea() -> str:
        return "A fox"

    with DAG("clips", schedule=None):
        thought = idea()
        video = RunwayGenerateOperator(
            task_id="video",
            prompt=thought,  # type: ignore[arg-type]
            duration=thought,  # type: ignore[arg-type]
            quality=thought,  # type: ignore[arg-type]
            image_url=thought,  # type: ignore[arg-type]
        )
        more = RunwayExtendOperator(task_id="more", runway_task_id=output(video), prompt="It looks up")
        seen = RunwayVideoSensor(task_id="seen", runway_task_id=output(more))

    assert video.upstream_task_ids == {"idea"}
    assert more.upstream_task_ids == {"video"}
    assert seen.upstream_task_ids == {"more"}


@pytest.mark.parametrize("nothing", [None, "", "None"])
def test_an_optional_that_renders_to_nothing_is_left_out(nothing: str | None) -> None:
    operator = RunwayGenerateOperator(**FOX, image_url=nothing, watermark=nothing, callback_url=nothing)

    request = operator.build_request()

    assert (request.image_url, request.watermark, request.callback_url) == (None, None, None)
    assert request.extra_fields == {}


@pytest.mark.parametrize("nothing", [None, "", "None"])
def test_an_aspect_ratio_that_renders_to_nothing_is_left_out_beside_an_image(nothing: str | None) -> None:
    given: dict[str, Any] = {**FOX, "aspect_ratio": nothing}

    assert RunwayGenerateOperator(**given, image_url="https://a.example/fox.png").build_request().aspect_ratio is None


@pytest.mark.parametrize("seconds", [5, 10, "5", "10", " 10 ", 5.0, "{{ 5 }}"])
def test_a_duration_may_be_a_number_that_templating_made_a_text_of(seconds: Any) -> None:
    operator = RunwayGenerateOperator(**FOX, duration=seconds)
    operator.render_template_fields({})

    assert operator.build_request().duration == int(float(str(operator.duration)))
    assert isinstance(operator.build_request().duration, int)


@pytest.mark.parametrize(
    ("given", "rendered"),
    [
        ({"prompt": "{{ params.none }}"}, "prompt"),
        ({"duration": "{{ 7 }}"}, "duration"),
        ({"quality": "{{ '4k' }}"}, "quality"),
        ({"quality": "{{ '1080p' }}", "duration": 10}, "quality"),
        ({"aspect_ratio": "{{ '2:1' }}"}, "aspect_ratio"),
        ({"aspect_ratio": "{{ none }}"}, "aspect_ratio"),
        ({"image_url": "{{ 'fox.png' }}"}, "image_url"),
        ({"callback_url": "{{ 'nowhere' }}"}, "callback_url"),
        ({"extra_fields": "{{ 'seed=1' }}"}, "extra_fields"),
    ],
)
def test_what_templates_render_to_is_judged_before_anything_is_sent(given: dict[str, Any], rendered: str) -> None:
    operator = RunwayGenerateOperator(**{**FOX, **given})
    operator.render_template_fields({"params": {"none": ""}})

    with pytest.raises(InvalidRequestError, match="Nothing was sent") as caught:
        operator.build_request()

    assert caught.value.field == rendered


def test_a_template_in_the_extra_fields_is_rendered() -> None:
    operator = RunwayGenerateOperator(**FOX, extra_fields={"style": "{{ params.style }}", "deep": [{"n": 1}]})
    operator.render_template_fields({"params": {"style": "ink"}})

    assert operator.build_request().extra_fields == {"style": "ink", "deep": [{"n": 1}]}


def test_a_rendered_task_id_to_extend_is_judged_by_its_own_name() -> None:
    operator = RunwayExtendOperator(**{**NEXT, "runway_task_id": "{{ '' }}"})
    operator.render_template_fields({})

    with pytest.raises(
        InvalidRequestError, match=r"^runway_task_id must not come to nothing, as its template .*; got ''"
    ):
        operator.build_request()


def test_an_extension_asks_for_what_it_was_given() -> None:
    request = RunwayExtendOperator(**NEXT, quality="1080p", watermark="ours", extra_fields={"a": 1}).build_request()

    assert (request.task_id, request.prompt, request.quality) == ("task-1", "It looks up", "1080p")
    assert (request.watermark, request.callback_url, request.extra_fields) == ("ours", None, {"a": 1})
