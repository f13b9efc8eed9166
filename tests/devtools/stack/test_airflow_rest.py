"""What the REST helper makes of answers."""

from __future__ import annotations

import httpx
import pytest

from devtools.stack.airflow_rest import AirflowRest


def rest(*statuses: int) -> tuple[AirflowRest, list[float], list[str]]:
    """A helper whose calls are answered so, one after the other; its pauses; the calls."""
    left = list(statuses)
    pauses: list[float] = []
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(200, json={"access_token": "t"})
        calls.append(f"{request.method} {request.url.path} {request.content.decode()}")
        return httpx.Response(left.pop(0), json={"dag_run_id": "r"})

    return AirflowRest("http://airflow", transport=httpx.MockTransport(answer), sleep=pauses.append), pauses, calls


def test_a_call_that_the_database_refused_is_repeated_as_it_was() -> None:
    airflow, pauses, calls = rest(500, 500, 200)

    assert airflow.trigger("videos", {"city": "Lisbon"}, "r") == "r"
    assert len(calls) == 3
    assert len(set(calls)) == 1
    assert pauses == sorted(pauses)
    assert len(pauses) == 2


def test_a_database_that_goes_on_refusing_is_told_of_in_the_end() -> None:
    airflow, pauses, calls = rest(*[500] * 9)

    with pytest.raises(httpx.HTTPStatusError, match="HTTP 500"):
        airflow.run_ids("videos")
    assert len(calls) == len(pauses) + 1 < 9


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 503])
def test_any_other_refusal_is_none_of_the_database_and_stands(status: int) -> None:
    airflow, pauses, calls = rest(status, 200)

    with pytest.raises(httpx.HTTPStatusError, match=f"HTTP {status}"):
        airflow.run_ids("videos")
    assert (pauses, len(calls)) == ([], 1)
