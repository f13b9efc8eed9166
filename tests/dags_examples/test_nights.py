"""The examples that run every night, unattended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

import pytest
from plugin.conftest import Login, login

from airflow_provider_runway.report.runway import get_report
from airflow_provider_runway.results import utc_now
from airflow_provider_runway.sandbox import Fail, Sandbox

from .nights import api_server, mailbox
from .support import RunDag

__all__ = ["login"]


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Message]]:
    with mailbox() as (connection, mails):
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection)
        yield mails


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, login: Login) -> Iterator[None]:
    with api_server(login) as connection:
        monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", connection)
        yield


def text_of(mail: Message) -> str:
    assert isinstance(mail, EmailMessage)
    body = mail.get_body()
    assert body is not None
    text: str = body.get_content()
    return text


@pytest.mark.usefixtures("page")
def test_morning_report_mails_what_was_made(run: RunDag, kie: Sandbox, mails: list[Message]) -> None:
    run("runway_text_to_video")

    dag_run = run("runway_morning_report")

    assert dag_run.state == "success"
    [mail] = mails
    assert str(mail["Subject"]).startswith("Runway videos: ")
    assert re.search(r"\nrunway_text_to_video +[1-9]", text_of(mail)) is not None


@pytest.mark.usefixtures("page")
def test_the_sums_of_the_report_are_those_of_the_account(run: RunDag, kie: Sandbox) -> None:
    began = utc_now()
    kie.fault(Fail("The AI moderator caught your prompt"), prompt="forbidden")
    run("runway_batch", prompts=["A red kite.", "A forbidden kite.", "A green kite."])
    run("runway_aleph")
    run("runway_hook_in_task")

    report: dict[str, Any] = get_report(began)

    left = kie.ledger.initial - kie.ledger.balance
    assert report["total"]["credits"] == left == 12 + 12 + 12 + 110 + 30
    assert (report["total"]["made"], report["total"]["failed"], report["total"]["in_doubt"]) == (5, 1, 0)
    assert report["reasons"] == {"moderation": 1}
    assert {each["dag_id"]: each["credits"] for each in report["dags"]} == {
        "runway_batch": 24,
        "runway_aleph": 122,
        "runway_hook_in_task": 30,
    }


@pytest.mark.usefixtures("page")
def test_every_night_names_its_videos_skips_what_is_refused_alerts_and_reports(
    run: RunDag, kie: Sandbox, videos: Path, mails: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_RUNWAY_PROMPTS", '["A red kite, at 5!", "A forbidden kite.", "A broken kite."]')
    kie.fault(Fail("The AI moderator caught your prompt"), prompt="forbidden")
    kie.fault(Fail("The image format is unsupported"), prompt="broken")

    dag_run = run("runway_every_night")

    day = dag_run.run_after.strftime("%Y-%m-%d")
    assert sorted(file.relative_to(videos).as_posix() for file in videos.rglob("*.mp4*")) == [
        f"{day}/0-a-red-kite-at-5.mp4",
        f"{day}/0-a-red-kite-at-5.mp4.json",
    ]
    assert sorted(str(task.state) for task in dag_run.get_task_instances()) == ["failed", "skipped", *["success"] * 3]
    alert, report = mails
    assert str(alert["Subject"]) == "runway_every_night.make_video: input"
    assert "Its credits come back." in text_of(alert)
    assert str(report["Subject"]) == "Runway videos: 1 made, 1 saved, 1 failed, 1 refused; 12 credits ($0.06)."
    assert "input 1, moderation 1" in text_of(report)


@pytest.mark.parametrize("refused", [False, True])
def test_softer_prompt_is_tried_once_where_the_first_is_refused(run: RunDag, kie: Sandbox, refused: bool) -> None:
    if refused:
        kie.fault(Fail("The AI moderator caught your prompt"), prompt="In the evening light")

    dag_run = run("runway_softer_prompt")

    states = {task.task_id: str(task.state) for task in dag_run.get_task_instances()}
    made, not_made = ("make_softer_video", "make_video") if refused else ("make_video", "make_softer_video")
    assert dag_run.state == "success"
    assert (states[made], states[not_made], states["take"]) == ("success", "skipped", "success")
    assert len(kie.tasks) == 1 + refused
    assert kie.ledger.initial - kie.balance == 12


def test_softer_prompt_is_not_tried_where_something_else_goes_wrong(run: RunDag, kie: Sandbox) -> None:
    kie.fault(Fail("The image format is unsupported"))

    assert run("runway_softer_prompt").state == "failed"
    assert len(kie.tasks) == 1
