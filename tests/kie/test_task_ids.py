from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.task_ids import APIS, Api, TaskId, format_task_id, parse_task_id


def test_the_id_of_a_task_of_the_unified_api_says_so() -> None:
    assert format_task_id("task_abc", "jobs") == "jobs:task_abc"
    assert parse_task_id("jobs:task_abc") == TaskId("task_abc", "jobs")


def test_the_id_of_a_task_of_the_dedicated_endpoints_is_kies_own() -> None:
    assert format_task_id("ee603959", "runway") == "ee603959"


@pytest.mark.parametrize("text", ["ee603959", "task_abc", "jobs", "jobs:", "Jobs:t-1", "jobs-t-1", "", "veo:jobs:1"])
def test_any_other_text_is_a_bare_id_that_says_nothing(text: str) -> None:
    assert parse_task_id(text) == TaskId(text, None)


@given(st.text(min_size=1), st.sampled_from(APIS))
def test_what_kie_gave_comes_back_as_it_was(bare: str, api: Api) -> None:
    if api == "jobs" or not bare.startswith("jobs:"):
        assert parse_task_id(format_task_id(bare, api)) == TaskId(bare, "jobs" if api == "jobs" else None)
