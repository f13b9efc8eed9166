"""A budget per day, as tasks meet it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fakes import GivenTime

from airflow_provider_runway.hooks.budget import account_of
from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.errors import RecordsFolderError
from airflow_provider_runway.kie.spending_errors import DailyCreditLimitError
from airflow_provider_runway.operators.budget import today
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.operators.settling import place_of
from airflow_provider_runway.sandbox import CutAfter, Fail, Refuse, Sandbox
from airflow_provider_runway.storage.ledger import Ledger
from airflow_provider_runway.storage.ledger_entries import Books
from airflow_provider_runway.storage.records import RecordsFolder

from .support import FOX, JOB, Crash, Task, dying, is_waiting, posts

NSFW = "Your prompt was caught by our AI moderator. Please adjust it and try again!"


class Numbered(Task):
    """One of many tasks of a DAG; each mapped instance has records of its own."""

    def __init__(self, number: int, dag_id: str = "clips", **parameters: Any) -> None:
        self._number, self._dag_id = number, dag_id
        super().__init__(has_store=False, **parameters)

    def _new_context(self) -> Any:
        context = super()._new_context()
        ti: Any = context["ti"]
        ti.map_index, ti.dag_id = self._number, self._dag_id
        return context


@pytest.fixture(autouse=True)
def _time(given_time: GivenTime) -> None:
    """Nothing is waited for."""


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    return tmp_path


@pytest.fixture
def limit(records: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def allow(credits_: str) -> None:
        monkeypatch.setenv("AIRFLOW__RUNWAY__DAILY_CREDIT_LIMIT", credits_)

    return allow


def ledger(records: Path) -> Ledger:
    hook = RunwayHook()
    return RecordsFolder(str(records)).ledger(account_of(hook.settings), today(hook.clock))


def books(records: Path) -> Books:
    return ledger(records).books()


def refusal(task: Task) -> DailyCreditLimitError:
    with pytest.raises(AirflowFailException) as caught:
        task.run()
    error = caught.value.__cause__
    assert isinstance(error, DailyCreditLimitError)
    return error


def test_what_fits_is_made_and_what_does_not_is_refused_unsent_and_says_why(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("40")
    for number in range(2):
        assert Numbered(number).run()["state"] == "success"
    assert Numbered(2, dag_id="trailers").run()["state"] == "success"

    task = Numbered(3)
    error = refusal(task)

    assert (posts(kie), books(records).spent) == (3, 36)
    assert (error.limit, error.spent, error.price, error.retryable) == (40, 36, 12, False)
    assert error.by_dag == {"clips": 24, "trailers": 12}
    text = str(error)
    assert "Of the daily_credit_limit of 40 credits 36 are spent today, and this video may cost 12." in text
    assert "Spent by clips 24, trailers 12." in text
    assert f"It starts anew at {error.until}." in text
    assert error.until.endswith("T00:00:00+00:00")
    assert "Nothing was sent." in text
    assert task.pushed["failure"]["reason"] == "daily_credit_limit"
    assert task.pushed["failure"]["paid"] is False


def test_a_smaller_video_may_fit_where_a_larger_one_does_not(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("24")
    Numbered(0).run()
    refusal(Numbered(1, duration=10))
    assert Numbered(2).run()["state"] == "success"
    assert books(records).spent == 24


def test_the_next_day_starts_anew(kie: Sandbox, records: Path, limit: Callable[[str], None]) -> None:
    limit("12")
    Numbered(0).run()
    refusal(Numbered(1))
    first = ledger(records)
    RunwayHook.clock.sleep(86_400.0)
    assert Numbered(1).run()["state"] == "success"
    assert (first.books().spent, books(records).spent) == (12, 12)
    assert ledger(records).day > first.day


def test_a_video_that_fails_after_midnight_comes_back_on_the_day_that_it_was_submitted(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("12")
    kie.fault(Fail(NSFW), times=1)
    task = Numbered(0, timeout=200_000)
    waiting = task.start()
    assert is_waiting(waiting)
    first = ledger(records)
    RunwayHook.clock.sleep(86_400.0)
    with pytest.raises(AirflowFailException, match="credits come back"):
        task.resume(waiting)
    assert first.books().spent == 0
    assert books(records).entries == ()


def test_credits_of_a_failed_video_come_back_at_once(kie: Sandbox, records: Path, limit: Callable[[str], None]) -> None:
    limit("12")
    kie.fault(Fail(NSFW), times=1)
    with pytest.raises(AirflowFailException, match="credits come back"):
        Numbered(0).run()
    assert books(records).spent == 0
    [spending] = books(records).spendings()
    assert (spending.credits, spending.is_open) == (0, False)
    assert Numbered(1).run()["state"] == "success"


def test_credits_of_what_kie_refuses_come_back_at_once(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("12")
    kie.fault(Refuse(429), on="submit", times=2)
    assert Numbered(0, deferrable=False).run()["state"] == "success"
    assert [entry.spent for entry in books(records).entries] == [12, 0, 12, 0, 12]
    assert posts(kie) == 3


def test_a_retry_after_the_submission_pays_nothing_and_takes_nothing(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("12")
    task = Numbered(0)
    assert is_waiting(task.start())
    assert task.run()["state"] == "success"
    assert (posts(kie), books(records).spent) == (1, 12)


def test_a_retry_finds_what_its_dead_try_has_set_aside(
    kie: Sandbox, records: Path, limit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit("12")
    task = Numbered(0)
    with dying(monkeypatch, RecordsFolder, "create"):
        task.run_into_crash()
    assert (posts(kie), books(records).spent) == (0, 12)

    assert task.run()["state"] == "success"
    assert (posts(kie), books(records).spent, len(books(records).entries)) == (1, 12, 1)


def test_what_a_dead_try_has_set_aside_goes_to_another_task_at_the_limit_and_never_to_both(
    kie: Sandbox, records: Path, limit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit("12")
    dead = Numbered(0)
    with dying(monkeypatch, RecordsFolder, "create"):
        dead.run_into_crash()

    assert Numbered(1).run()["state"] == "success"
    refusal(dead)
    assert (posts(kie), books(records).spent) == (1, 12)


def test_a_try_that_lives_on_after_its_credits_went_to_another_does_not_send(
    kie: Sandbox, records: Path, limit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit("12")
    create, other = RecordsFolder.create, Numbered(1)

    def late(folder: RecordsFolder, *args: Any) -> bool:
        monkeypatch.setattr(RecordsFolder, "create", create)
        assert other.run()["state"] == "success"
        return create(folder, *args)

    monkeypatch.setattr(RecordsFolder, "create", late)
    refusal(Numbered(0))
    assert (posts(kie), books(records).spent) == (1, 12)


def test_what_is_in_doubt_stays_counted_until_a_person_or_a_later_try_knows(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("12")
    kie.fault(CutAfter(), on="submit", times=1)
    with pytest.raises(AirflowFailException, match="may be paid"):
        Numbered(0).run()

    error = refusal(Numbered(1))
    assert (error.spent, error.in_doubt) == (12, 12)
    assert "12 of it are in doubt." in str(error)


def test_the_credits_of_a_dead_wait_whose_video_failed_come_back_at_the_limit(
    kie: Sandbox, records: Path, limit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit("12")
    kie.fault(Fail(NSFW), times=1)
    with dying(monkeypatch, Ledger, "entry"), pytest.raises(Crash):
        Numbered(0).run()
    assert books(records).spent == 12  # recorded as failed, and dead before it came back

    assert Numbered(1).run()["state"] == "success"
    assert books(records).spent == 12
    assert [(each.credits, each.is_open) for each in books(records).spendings()] == [(0, False), (12, True)]


def test_what_a_job_has_really_cost_counts_in_the_end(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("60")
    task = Task(lambda: KieJobOperator(**JOB, max_credits=55), has_store=False)
    result = task.run()
    assert (result["credits_estimate"], result["credits"]) == (None, 10)
    assert [entry.spent for entry in books(records).entries] == [55, 10]


def test_a_model_without_a_known_price_is_refused_under_a_limit_unless_the_operator_bounds_it(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("1000")
    task = Task(lambda: KieJobOperator(**JOB), has_store=False)
    with pytest.raises(AirflowFailException, match="max_credits must say what this may cost") as caught:
        task.run()
    assert "kling-2.6/text-to-video is not known" in str(caught.value)
    assert posts(kie) == 0


def test_one_that_costs_more_than_it_may_is_refused_with_or_without_a_limit(kie: Sandbox) -> None:
    with pytest.raises(AirflowFailException, match="max_credits is below what this costs, about 12 credits; got 11"):
        Task(max_credits=11).run()
    assert posts(kie) == 0
    assert Task(max_credits=12).run()["state"] == "success"


def test_a_limit_without_a_records_folder_is_refused_with_a_sentence(
    kie: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__RUNWAY__DAILY_CREDIT_LIMIT", "100")
    with pytest.raises(AirflowFailException, match="a daily_credit_limit needs a records folder") as caught:
        Task().run()
    assert "Nothing was paid" in str(caught.value)
    assert posts(kie) == 0


@pytest.mark.parametrize("text", ["0", "-5", "ten", "nan", "inf", "1e400", "12 credits", "true", "[1]"])
def test_a_limit_that_is_no_number_of_credits_above_0_is_refused(
    kie: Sandbox, limit: Callable[[str], None], text: str
) -> None:
    limit(text)
    with pytest.raises(
        AirflowFailException, match=r"\[runway\] daily_credit_limit must be a number of credits, above 0"
    ):
        Task(has_store=False).run()
    assert posts(kie) == 0


@pytest.mark.parametrize("value", [0, -5, "ten", True, [1], float("nan"), 1e400])
def test_so_is_one_of_the_connection(
    kie: Sandbox, records: Path, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    connection = {**json.loads(kie.connection_json()), "extra": {"daily_credit_limit": value}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    with pytest.raises(AirflowFailException, match="extra 'daily_credit_limit' must be a number of credits, above 0"):
        Task(has_store=False).run()
    assert posts(kie) == 0


def test_the_limit_of_a_connection_comes_before_that_of_the_configuration(
    kie: Sandbox, limit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit("1000")
    connection = {**json.loads(kie.connection_json()), "extra": {"daily_credit_limit": 11}}
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", json.dumps(connection))
    assert "this video alone may cost 12" in str(refusal(Numbered(0)))


def test_where_the_folder_goes_away_nothing_is_spent_and_what_is_under_way_is_waited_for_and_stored(
    kie: Sandbox, records: Path, limit: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    limit("1000")
    videos = tmp_path_factory.mktemp("videos")
    under_way = Numbered(0, save_to=f"{videos}/")
    waiting = under_way.start()
    assert is_waiting(waiting)
    away = records.rename(records.with_name("away"))

    with pytest.raises((AirflowFailException, RecordsFolderError), match="there is no folder") as caught:
        Numbered(1).run()
    assert "This try has paid nothing" in str(caught.value)
    result = under_way.resume(waiting)
    assert Path(result["saved_to"].removeprefix("file://")).exists()
    assert posts(kie) == 1

    away.rename(records)
    assert Numbered(1).run()["state"] == "success"
    assert books(records).spent == 24


def test_an_entry_that_cannot_be_read_stops_the_spending_and_is_named(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("1000")
    Numbered(0).run()
    file = records / ledger(records).name / "1.json"
    file.write_text(file.read_text().replace('"spent": 12', '"spent": -12'))
    with pytest.raises(AirflowFailException, match=r"What was spent on .* cannot be told: .*1\.json") as caught:
        Numbered(1).run()
    assert "Nothing is sent under a daily_credit_limit until that file is mended" in str(caught.value)
    assert posts(kie) == 1


def test_accounts_have_budgets_of_their_own_whatever_their_connections_are_called(
    kie: Sandbox, records: Path, limit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit("12")
    kie.configure(keys=["sandbox-key", "another-key"])
    other = json.loads(kie.connection_json())
    monkeypatch.setenv("AIRFLOW_CONN_SAME", json.dumps(other))
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps({**other, "password": "another-key"}))
    Numbered(0).run()
    refusal(Numbered(1, runway_conn_id="same"))
    assert Numbered(2, runway_conn_id="other").run()["state"] == "success"


def test_the_key_is_in_no_file(kie: Sandbox, records: Path, limit: Callable[[str], None]) -> None:
    limit("1000")
    Numbered(0).run()
    names = [str(path) for path in records.rglob("*")]
    texts = [path.read_text() for path in records.rglob("*.json")]
    assert len(texts) > 2
    assert [text for text in (*names, *texts) if "sandbox-key" in text or "A fox" in text] == []


def test_the_record_says_where_its_credits_were_set_aside(
    kie: Sandbox, records: Path, limit: Callable[[str], None]
) -> None:
    limit("1000")
    Numbered(0).run()
    [entry] = [each for found in RecordsFolder(str(records)).survey() for each in found.entries]
    book = ledger(records)
    assert entry.value["reserved"] == place_of(book.account, book.day, 1)


def test_without_a_limit_nothing_is_written_of_what_is_spent(kie: Sandbox, records: Path) -> None:
    Numbered(0).run()
    assert [path.name for path in records.iterdir() if path.name.startswith("_spent")] == []


def test_an_operator_has_a_bound_that_is_checked_while_the_dag_is_parsed() -> None:
    for bad in (0, -1, "12", True, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="max_credits must be a number of credits, above zero"):
            RunwayGenerateOperator(**FOX, max_credits=bad)


def test_a_task_that_queues_is_refused_before_it_does(
    kie: Sandbox, records: Path, limit: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit("6")
    from airflow_provider_runway.operators import submitter

    monkeypatch.setattr(submitter, "may_exceed_the_limit", lambda *_args, **_options: True)
    with pytest.raises(AirflowFailException, match="daily_credit_limit of 6"):
        Numbered(0).start()
