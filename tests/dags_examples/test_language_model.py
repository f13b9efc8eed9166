"""The example with Airflow's provider of language models, by ``make test-llm``; what KIE.AI's errors become there."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from airflow_provider_runway.sandbox import Refuse, Sandbox

from .support import EXAMPLES, RunDag
from .test_examples import returned

pytestmark = pytest.mark.skipif(
    find_spec("pydantic_ai") is None, reason="apache-airflow-providers-common-ai is in the environment of make test-llm"
)


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A folder with that example alone."""
    folder = tmp_path / "dags"
    folder.mkdir()
    shutil.copy(EXAMPLES / "kie_llm_prompt.py", folder)
    return folder


def test_a_language_model_writes_the_prompt(run: RunDag, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    host, extra = f"{kie.url}/gpt-5-2/v1", {"model": "openai-chat:gpt-5-2"}
    connection = {"conn_type": "pydanticai", "host": host, "password": kie.key, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_KIE_LLM", json.dumps(connection))

    dag_run = run("kie_llm_prompt", subject="a fox on ice")

    assert dag_run.state == "success"
    [video] = kie.tasks
    assert video.prompt == returned(dag_run, "write_prompt")
    assert video.prompt.startswith("A video of five seconds: a fox on ice.")
    assert [entry.code for entry in kie.ledger.of("chat")] == [200]


@pytest.mark.parametrize("code", [401, 402, 429, 500])
def test_an_error_of_kie_is_seen_as_an_invalid_response(kie: Sandbox, code: int) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.exceptions import UnexpectedModelBehavior
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=f"{kie.url}/gpt-5-2/v1", api_key=kie.key)
    kie.fault(Refuse(code), on="chat")

    with pytest.raises(UnexpectedModelBehavior, match="Invalid response from openai chat completions endpoint"):
        Agent(OpenAIChatModel("gpt-5-2", provider=provider)).run_sync("A fox.")
    assert (len(kie.ledger.of("chat")), kie.ledger.charged) == (1, 0)


def test_a_model_that_streams_unless_told_otherwise_answers_whole(kie: Sandbox) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=f"{kie.url}/gemini-2.5-flash/v1", api_key=kie.key)

    answer = Agent(OpenAIChatModel("gemini-2.5-flash", provider=provider)).run_sync("A fox.")

    assert answer.output.startswith("A fox.")
