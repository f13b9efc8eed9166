import pytest
from fox import dag

from airflow_provider_runway.sandbox import Fail


@pytest.fixture(autouse=True)
def connection(runway_sandbox, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", runway_sandbox.connection_json())


def test_the_dag_makes_and_stores_one_video(runway_sandbox, tmp_path):
    run = dag.test(run_conf={"folder": str(tmp_path)})

    assert run.state == "success"
    assert [video.prompt for video in runway_sandbox.tasks] == ["A fox in the snow."]
    assert len(runway_sandbox.ledger.paid) == 1
    assert (tmp_path / "fox.mp4").exists()


def test_a_prompt_that_moderation_refuses_costs_nothing(runway_sandbox, tmp_path):
    runway_sandbox.fault(Fail("The AI moderator caught your prompt"))

    run = dag.test(run_conf={"folder": str(tmp_path)})

    assert run.state == "failed"
    assert runway_sandbox.ledger.paid == ()
