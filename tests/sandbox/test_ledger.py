from __future__ import annotations

from airflow_provider_runway.sandbox import Fail, Ledger, Sandbox

from .support import TEXT_TO_VIDEO, Api


def test_the_books_balance(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Fail(), times=2)
    for number in range(5):
        api.made(prompt=f"video {number}")

    ledger = runway_sandbox.ledger

    assert (len(ledger.charges), len(ledger.refunds), len(ledger.paid)) == (5, 2, 3)
    assert (ledger.charged, ledger.refunded) == (60, 24)
    assert ledger.balance == 5000 - 60 + 24 == api.get("/api/v1/chat/credit")["data"] == runway_sandbox.balance


def test_a_video_that_was_paid_twice_shows(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Fail(), prompt="once refunded", times=1)
    for prompt in ("twice", "once", "twice", "once refunded", "once refunded"):
        api.made(prompt=prompt)

    ledger = runway_sandbox.ledger

    assert ledger.paid_twice() == ("twice",)
    assert ledger.charges_by_prompt() == {"twice": 2, "once": 1, "once refunded": 2}
    assert ledger.charges_by_prompt(paid_only=True)["once refunded"] == 1
    assert sorted(ledger.charges_by_body().values()) == [1, 2, 2]


def test_the_same_body_has_the_same_hash_whatever_its_order(api: Api, runway_sandbox: Sandbox) -> None:
    api.post("/api/v1/runway/generate", TEXT_TO_VIDEO)
    api.post("/api/v1/runway/generate", dict(reversed(TEXT_TO_VIDEO.items())))
    api.made(prompt="another")

    one, same, another = (each.body_hash for each in runway_sandbox.ledger.submissions)

    assert one == same != another


def test_every_request_is_told_without_the_key(api: Api, runway_sandbox: Sandbox) -> None:
    task_id = api.made()
    api.record(task_id)
    api.generate(prompt="")
    api.media(api.video_url(task_id))
    api.get("/api/v1/nowhere")

    ledger = runway_sandbox.ledger

    assert [(each.number, each.purpose, each.code) for each in ledger.requests] == [
        (1, "submit", 200),
        (2, "record", 200),
        (3, "submit", 422),
        (4, "record", 200),
        (5, "media", None),
        (6, "other", 404),
    ]
    assert {each.task_id for each in ledger.requests[:2]} == {task_id}
    assert len(ledger.about(task_id)) == 4
    assert len({each.key for each in ledger.submissions}) == 1
    assert ledger.counts == {"submit": 2, "record": 2, "media": 1, "other": 1}
    assert ledger.codes == {"200": 1, "422": 1}
    assert "sandbox-key" not in str(ledger.to_json())


def test_only_the_latest_requests_are_kept_and_all_are_counted(api: Api, runway_sandbox: Sandbox) -> None:
    for _ in range(5):
        api.get("/api/v1/chat/credit")

    ledger = runway_sandbox.read_ledger(requests=2)

    assert [each.number for each in ledger.requests] == [4, 5]
    assert ledger.counts == {"credit": 5}
    assert runway_sandbox.read_ledger(requests=0).requests == ()


def test_the_ledger_survives_the_way_through_json(api: Api, runway_sandbox: Sandbox) -> None:
    runway_sandbox.fault(Fail(), times=1)
    api.made()
    ledger = runway_sandbox.ledger

    assert Ledger.from_json(ledger.to_json()) == ledger
