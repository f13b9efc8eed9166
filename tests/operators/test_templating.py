"""What templates make of parameters: texts stay texts, and what is needed is there before anything is paid."""

from __future__ import annotations

import numbers
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG
from fakes import GivenTime
from versions import since

from airflow_provider_runway.exceptions import InvalidRequestError
from airflow_provider_runway.operators.base import RunwayVideoOperator
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayAlephOperator, RunwayExtendOperator, RunwayGenerateOperator
from airflow_provider_runway.sandbox import Sandbox

from .support import FOX, JOB, NEXT, SNOW, rendered, rendering

NEEDED = [
    (RunwayGenerateOperator, FOX, "prompt"),
    (RunwayExtendOperator, NEXT, "prompt"),
    (RunwayExtendOperator, NEXT, "runway_task_id"),
    (RunwayAlephOperator, SNOW, "prompt"),
    (RunwayAlephOperator, SNOW, "video_url"),
    (KieJobOperator, JOB, "model"),
]
BOTH = pytest.mark.parametrize("native", [False, True], ids=["texts", "native"])


@BOTH
@pytest.mark.parametrize("needed", NEEDED)
@pytest.mark.parametrize(
    "template",
    [
        "{{ params.nothing }}",
        "{{ params.empty }}",
        "{{ params.blank }}",
        "{{ none }}",
        " {{ params.nothing }} ",
        "{% if false %}x{% endif %}",
        "{{ ti.xcom_pull('idea') }}",
    ],
)
def test_a_needed_text_that_a_template_leaves_empty_costs_nothing_and_names_field_and_template(
    kie: Sandbox, needed: tuple[type[RunwayVideoOperator], dict[str, Any], str], template: str, native: bool
) -> None:
    operator, given, name = needed
    task = rendering(lambda: operator(**{**given, name: template}), native)

    with pytest.raises(AirflowFailException, match="Nothing was sent") as caught:
        task.run()

    assert f"{name} must not come to nothing, as its template {template!r} does" in str(caught.value)
    assert (kie.ledger.requests, task.store.rows) == ((), {})


def test_a_word_that_is_written_out_is_what_it_says(kie: Sandbox, given_time: GivenTime) -> None:
    rendering(lambda: RunwayGenerateOperator(**{**FOX, "prompt": "None"})).run()

    assert kie.tasks[0].prompt == "None"


@pytest.mark.parametrize("value", [None, "", " ", "None", "two words"])
def test_a_mapped_extension_of_nothing_costs_nothing(kie: Sandbox, value: Any) -> None:
    def build() -> RunwayVideoOperator:
        with DAG("clips", schedule=None):
            mapped: Any = RunwayExtendOperator.partial(task_id="more", prompt="It looks up").expand(
                runway_task_id=["task-1", value]
            )
        unmapped: RunwayVideoOperator = mapped.unmap({"runway_task_id": value})
        return unmapped

    with pytest.raises((AirflowFailException, InvalidRequestError), match=r"runway_task_id must .*Nothing was sent"):
        rendering(build).run()
    assert kie.ledger.requests == ()


def test_a_template_in_a_mapped_task_is_named_too(kie: Sandbox) -> None:
    def build() -> RunwayVideoOperator:
        with DAG("clips", schedule=None):
            mapped: Any = RunwayGenerateOperator.partial(
                task_id="video", aspect_ratio="16:9", prompt="{{ params.nothing }}"
            ).expand(duration=[5, 10])
        unmapped: RunwayVideoOperator = mapped.unmap({"duration": 10})
        return unmapped

    with pytest.raises(AirflowFailException, match=r"prompt must not come to nothing, .*params\.nothing"):
        rendering(build).run()
    assert kie.ledger.requests == ()


@BOTH
@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"prompt": "{{ params.nothing }}"}, "input['prompt']"),
        ({"prompt": "{{ params.blank }}"}, "input['prompt']"),
        ({"shots": [{"prompt": "{{ params.empty }}"}]}, "input['shots'][0]['prompt']"),
    ],
)
def test_a_prompt_within_a_job_that_comes_to_nothing_costs_nothing(
    kie: Sandbox, fields: dict[str, Any], place: str, native: bool
) -> None:
    with pytest.raises(AirflowFailException, match="Nothing was sent") as caught:
        rendering(lambda: KieJobOperator(**{**JOB, "input": fields}), native).run()

    assert f"{place} must not come to nothing" in str(caught.value)
    assert kie.ledger.requests == ()


@pytest.mark.parametrize("name", ["input", "extra_fields"])
def test_no_field_of_a_request_is_the_text_none(name: str) -> None:
    operator = rendered(KieJobOperator(**{**JOB, name: {"prompt": "A hare", "style": ["{{ params.nothing }}"]}}))

    with pytest.raises(InvalidRequestError, match=r"\['style'\]\[0\] must not come to nothing") as caught:
        operator.build_request()
    assert caught.value.field.startswith(name)


def test_a_field_of_a_model_may_be_empty_or_null() -> None:
    fields = {"prompt": "A hare", "negative_prompt": "{{ params.empty }}", "style": "None"}
    assert rendered(KieJobOperator(**{**JOB, "input": fields})).build_request().input == {
        "prompt": "A hare",
        "negative_prompt": "",
        "style": "None",
    }
    style = {"prompt": "A hare", "style": "{{ params.nothing }}"}
    assert rendered(KieJobOperator(**{**JOB, "input": style}), native=True).build_request().input["style"] is None


@BOTH
@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("1984", "1984"),
        ('{"a": 1}', '{"a": 1}'),
        ("'A fox'", "'A fox'"),
        ('"A fox" runs', '"A fox" runs'),
        ("[1, 2]", "[1, 2]"),
        ("True", "True"),
        ("1e3", "1e3"),
        ("{{ params.year }}", "1984"),
        ("{{ params.text }}", "1984"),
        ("{{ params.quoted }}", "'A fox'"),
        ("{{ params.json }}", '{"a": 1}'),
        ("{{ params.flag }}", "True"),
        ("{{ params.half }}", "0.5"),
        ("{{ params.list }}", "[1, '2']"),
        ("{{ 1984 }}", "1984"),
        ("{{ params.year }}{{ params.text }}", "19841984"),
        ("'{{ params.text }}'", "'1984'"),
        ("  A fox\n", "  A fox\n"),
    ],
)
def test_a_text_stays_a_text(given: str, text: str, native: bool) -> None:
    prompt = rendered(RunwayGenerateOperator(**{**FOX, "prompt": given}), native).build_request().prompt
    assert prompt == (text.removesuffix("\n") if given == text else text)  # jinja's own way with a last line

    if len(text) <= 20:
        for operator in (RunwayGenerateOperator, RunwayAlephOperator):
            asked = rendered(
                operator(**{**(FOX if operator is RunwayGenerateOperator else SNOW), "watermark": given}), native
            )
            assert asked.build_request().watermark == prompt


def test_texts_stay_texts_within_the_fields_of_a_request_and_other_values_keep_their_type() -> None:
    fields = {
        "duration": "5",
        "when": ["2026", {"deep": "{{ params.text }}"}],
        "json": "{{ params.json }}",
        "number": "{{ params.year }}",
        "constant": "{{ 5 }}",
        "half": "{{ params.half }}",
        "sound": "{{ params.flag }}",
        "list": "{{ params.list }}",
        "mixed": "{{ params.year }} and on",
        "plain": 7,
    }
    for name in ("input", "extra_fields"):
        operator = rendered(KieJobOperator(**{**JOB, name: fields}), native=True)
        assert getattr(operator.build_request(), name) == {
            "duration": "5",
            "when": ["2026", {"deep": "1984"}],
            "json": '{"a": 1}',
            "number": 1984,
            "constant": 5,
            "half": 0.5,
            "sound": True,
            "list": [1, "2"],
            "mixed": "1984 and on",
            "plain": 7,
        }
    plain = rendered(KieJobOperator(**{**JOB, "input": fields})).build_request().input
    assert {type(value) for key, value in plain.items() if key not in {"when", "plain"}} == {str}


def test_a_mapping_may_come_from_a_native_template() -> None:
    operator = RunwayGenerateOperator(**FOX, extra_fields="{{ {'style': params.text} }}")

    assert rendered(operator, native=True).build_request().extra_fields == {"style": "1984"}


@pytest.mark.parametrize(
    "own", [{}, pytest.param({"render_template_as_native_obj": True}, marks=since(3, 2, "an operator's own setting"))]
)
def test_the_dags_own_setting_counts_where_the_operator_has_none(own: dict[str, Any]) -> None:
    with DAG("clips", schedule=None, render_template_as_native_obj=True):
        operator = KieJobOperator(**{**JOB, "input": {"duration": "5", "n": "{{ params.year }}"}}, **own)
    operator.render_template_fields({"params": {"year": 1984}})

    assert operator.build_request().input == {"duration": "5", "n": 1984}


def test_what_a_native_template_does_not_know_is_an_error_while_it_is_rendered() -> None:
    with DAG("clips", schedule=None, render_template_as_native_obj=True):
        operator = RunwayGenerateOperator(**{**FOX, "prompt": "{{ params.who.name }}"})

    with pytest.raises(AirflowFailException, match="UndefinedError"):
        operator.render_template_fields({"params": {"year": 1984}})


@numbers.Integral.register
class Whole:
    """A whole number of another library, as numpy has them."""

    def __int__(self) -> int:
        return 5

    def __abs__(self) -> int:
        return 5

    def __eq__(self, other: object) -> bool:
        return other == 5

    __hash__ = None  # type: ignore[assignment]


FIVE = ["{{ 10 / 2 }}", "5", "5.0", " 5 ", 5.0, Decimal(5), Decimal("5.0"), Fraction(5), Whole()]


@BOTH
@pytest.mark.parametrize("five", FIVE)
def test_a_whole_number_is_one_in_whichever_type_it_comes(five: Any, native: bool) -> None:
    duration = rendered(RunwayGenerateOperator(**FOX, duration=five), native).build_request().duration
    seed = rendered(RunwayAlephOperator(**SNOW, seed=five), native).build_request().seed

    assert (duration, type(duration)) == (seed, type(seed)) == (5, int)


def test_a_large_seed_is_known_to_the_last_digit() -> None:
    seed = 2**62 + 1
    for given in (seed, str(seed), f"{{{{ {seed} }}}}"):
        assert rendered(RunwayAlephOperator(**SNOW, seed=given)).build_request().seed == seed


@pytest.mark.parametrize("value", ["5.5", "nan", "inf", "1e400", 5.5, Decimal("NaN"), Decimal("1e999999"), 5j, "5 s"])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="must be 5 or 10"):
        RunwayGenerateOperator(**FOX, duration=value)
    with pytest.raises(InvalidRequestError, match="must be a whole number"):
        RunwayAlephOperator(**SNOW, seed=value)


@BOTH
@pytest.mark.parametrize("nothing", [None, "", " ", "{{ params.nothing }}", "{{ params.empty }}", "{{ params.blank }}"])
def test_duration_and_quality_that_come_to_nothing_are_the_defaults(nothing: Any, native: bool) -> None:
    made = rendered(RunwayGenerateOperator(**FOX, duration=nothing, quality=nothing), native).build_request()
    more = rendered(RunwayExtendOperator(**NEXT, quality=nothing), native).build_request()

    assert (made.duration, made.quality, more.quality) == (5, "720p", "720p")
