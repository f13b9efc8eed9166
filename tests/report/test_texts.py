from __future__ import annotations

import json

from airflow_provider_runway.report.questions import look
from airflow_provider_runway.report.sums import Report, report_of
from airflow_provider_runway.report.texts import rows, summary, to_json, to_markdown, to_text
from airflow_provider_runway.utils.versions import command_line

from .support import FAILURE, NOW, SINCE, card


def of(*cards: object, expiring: tuple[dict[str, object], ...] = ()) -> Report:
    return report_of(cards, expiring, (), SINCE, NOW)  # type: ignore[arg-type]


DOUBT = {**FAILURE, "paid": None, "reason": "ambiguous_submission"}
EXPIRING = {
    "dag_id": "clips",
    "run_id": "r",
    "task_id": "make",
    "map_index": 3,
    "kind": "aleph",
    "kie_task_id": "kie-9",
    "expires_at": "2026-11-27T07:00:00+00:00",
}


def test_a_line_has_all_of_it() -> None:
    assert summary(of()) == "Runway videos: 0 made, 0 saved, 0 failed; 0 credits ($0.00)."
    report = of(
        card(saved_to="/v.mp4"),
        card(credits=None),
        card("failed", failure=DOUBT, kie_task_id=None),
        card("queued"),
        card("refused", "skipped", failure=FAILURE),
        expiring=(EXPIRING,),
    )
    assert summary(report) == (
        "Runway videos: 2 made, 1 saved, 0 failed, 1 refused, 1 in doubt, 1 waiting, 1 about to expire unsaved; "
        "12 credits ($0.06), 1 of unknown price, 12 in doubt."
    )


def test_large_sums_are_written_out() -> None:
    assert "1234567.5 credits ($6172.84)" in summary(of(card(credits=1234567.5)))
    assert "| clips | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 1234567.5 | 6172.8375 |" in to_markdown(of(card(credits=1234567.5)))


def test_several_dags_have_a_line_for_all() -> None:
    assert [row["dag_id"] for row in rows(of(card(), card(dag_id="hares")))] == ["clips", "hares", "all"]
    assert [row["dag_id"] for row in rows(of(card()))] == ["clips"]
    assert [row["dag_id"] for row in rows(of())] == ["all"]


def test_each_failure_says_why_what_is_paid_and_what_to_do() -> None:
    failed = card("failed", run_id="r", map_index=7)

    assert to_text(of(failed)).splitlines()[-2:] == [
        "Failed, refused or in doubt (moderation 1):",
        "  clips.make[7] of r: moderation. KIE.AI failed it: not this. Its credits come back. Change the prompt.",
    ]


def test_each_video_that_is_deleted_soon_says_how_to_store_it() -> None:
    told = f"clips.make[3] of r: 2026-11-27T07:00:00+00:00; to store it pays nothing: {command_line('save', 'kie-9')}"

    assert to_text(of(expiring=(EXPIRING,))).splitlines()[-1] == f"  {told} PATH --kind aleph"


def test_markdown_has_a_table_and_lists() -> None:
    text = to_markdown(of(card(), card("failed"), expiring=(EXPIRING,)))

    assert "| dag id | made | saved | failed | refused | in doubt | waiting | expiring | credits | dollars |" in text
    assert "| clips | 1 | 0 | 1 | 0 | 0 | 0 | 1 | 12 | 0.06 |" in text
    assert text.count("\n- ") == 2


def test_no_text_of_a_stranger_makes_a_link_a_mention_a_table_or_a_line() -> None:
    evil = "<!channel> [pay](https://evil.example) | a | `x` *b* _c_ ~d~ \\ \x1b[31m\n\n# Heading\u202e"
    report = of(card("failed", run_id="a\rb", failure={**FAILURE, "message": evil, "advice": None}))
    text = to_markdown(report)
    [line] = [line for line in text.splitlines() if line.startswith("- ")]

    assert "&lt;!channel&gt; \\[pay\\](https://evil.example) \\| a \\| \\`x\\` \\*b\\* \\_c\\_ \\~d\\~ \\\\" in line
    assert line.isprintable()
    assert all(line.isprintable() for line in to_text(report).splitlines())


def test_a_list_without_end_is_cut_in_texts_and_whole_in_json() -> None:
    report = of(*(card("failed") for _ in range(25)))

    assert to_text(report).splitlines()[-1] == "  and 5 more"
    assert to_markdown(report).splitlines()[-1] == "- and 5 more"
    assert len(to_json(report)["failures"]) == 25


def test_json_has_the_texts_too() -> None:
    found = to_json(look(lambda **_: [], SINCE, NOW))

    assert found["summary"] == summary(of())
    assert found["markdown"].startswith("**Runway videos")
    assert json.loads(json.dumps(found, allow_nan=False)) == found
