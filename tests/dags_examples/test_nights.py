"""The examples that run every night, unattended."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage, Message
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
    assert "\nrunway_text_to_video  1     0" in text_of(mail)


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
