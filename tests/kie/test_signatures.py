from __future__ import annotations

import pytest

from airflow_provider_runway.kie.signatures import age, is_signed, signature

KEY, TASK = "whsec-demo-key", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
STAMP = "1764150000"
# Made by `printf '%s.%s' TASK STAMP | openssl dgst -sha256 -hmac KEY -binary | base64`.
VECTORS = [
    (KEY, TASK, STAMP, "KiVf9BmGkfZwt+x49BU0iuCshNLs0mLny39lq2Do6Vk="),
    ("ключ-é", "veo_task_abc", STAMP, "J5ZHv6QxHIkP9UabQf27svA72ahfUkcgVYrsLH0eLYU="),
]


@pytest.mark.parametrize(("key", "task_id", "timestamp", "expected"), VECTORS)
def test_a_signature_is_that_of_other_programs(key: str, task_id: str, timestamp: str, expected: str) -> None:
    assert signature(key, task_id, timestamp) == expected
    assert is_signed(key, [task_id], timestamp, expected)


def test_any_of_the_ids_may_be_the_signed_one() -> None:
    assert is_signed(KEY, ["another", TASK], STAMP, signature(KEY, TASK, STAMP))
    assert is_signed(KEY, [TASK, "another"], STAMP, signature(KEY, TASK, STAMP))


def test_white_space_around_a_signature_does_no_harm() -> None:
    assert is_signed(KEY, [TASK], STAMP, f" {signature(KEY, TASK, STAMP)}\n")


@pytest.mark.parametrize(
    ("key", "task_ids", "timestamp", "given"),
    [
        ("another", [TASK], STAMP, signature(KEY, TASK, STAMP)),
        ("", [TASK], STAMP, signature("", TASK, STAMP)),
        (KEY, ["another"], STAMP, signature(KEY, TASK, STAMP)),
        (KEY, [], STAMP, signature(KEY, "", STAMP)),
        (KEY, [TASK], "1764150001", signature(KEY, TASK, STAMP)),
        (KEY, [TASK], None, signature(KEY, TASK, STAMP)),
        (KEY, [TASK], "", signature(KEY, TASK, "")),
        (KEY, [TASK], "soon", signature(KEY, TASK, "soon")),
        (KEY, [TASK], "\u0661", signature(KEY, TASK, "\u0661")),
        (KEY, [TASK], STAMP, None),
        (KEY, [TASK], STAMP, ""),
        (KEY, [TASK], STAMP, signature(KEY, TASK, STAMP)[:-1]),
        (KEY, [TASK], STAMP, signature(KEY, TASK, STAMP).lower()),
        (KEY, [TASK], STAMP, "ÿé\ud800"),
        (KEY, ["\ud800"], STAMP, "x"),
    ],
)
def test_what_is_signed_otherwise_is_not_signed(
    key: str, task_ids: list[str], timestamp: str | None, given: str | None
) -> None:
    assert not is_signed(key, task_ids, timestamp, given)


def test_the_age_is_that_of_the_header() -> None:
    assert age("100", 160.5) == 60.5
    assert age("100", 40.0) == -60.0


@pytest.mark.parametrize("timestamp", [None, "", " 100", "-100", "1e3", "100.5", "\u0663", "9" * 21])
def test_what_is_no_time_has_no_age(timestamp: str | None) -> None:
    assert age(timestamp, 100.0) is None
