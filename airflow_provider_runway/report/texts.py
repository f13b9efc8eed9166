"""A report for people to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_runway.kie.prices import in_dollars
from airflow_provider_runway.report.sums import Report, Sums
from airflow_provider_runway.results import to_iso
from airflow_provider_runway.utils.versions import command_line

COLUMNS = ("dag_id", "made", "saved", "failed", "refused", "in_doubt", "waiting", "expiring", "credits", "dollars")
# So many of a list are written out; JSON has them all.
_MOST = 20
_MARKS = re.compile(r"([\\`*_\[\]|~])")


def rows(report: Report) -> list[Mapping[str, Any]]:
    """A line for each DAG, and one for all of them where there are several."""
    lines = [{"dag_id": dag_id, **sums.to_json()} for dag_id, sums in report.dags.items()]
    if len(lines) != 1:
        lines.append({"dag_id": "all", **report.total.to_json()})
    return [{name: line[name] for name in COLUMNS} for line in lines]


def summary(report: Report) -> str:
    """All of it in one line, for a subject or a chat."""
    total = report.total
    counted = [
        f"{total.made} made",
        f"{total.saved} saved",
        f"{total.failed} failed",
        *([f"{total.refused} refused"] if total.refused else []),
        *([f"{total.in_doubt} in doubt"] if total.in_doubt else []),
        *([f"{total.waiting} waiting"] if total.waiting else []),
        *([f"{total.expiring} about to expire unsaved"] if total.expiring else []),
    ]
    return f"Runway videos: {', '.join(counted)}; {_cost(total)}."


def to_text(report: Report) -> str:
    """The whole report as plain text, with a table."""
    cells = [list(COLUMNS), *([_cell(value) for value in row.values()] for row in rows(report))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [f"{_period(report)}. {summary(report)}", ""]
    lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    if report.failures:
        why = ", ".join(f"{reason} {count}" for reason, count in report.reasons.items())
        lines += ["", f"Failed, refused or in doubt ({why}):"]
        lines += [f"  {each}" for each in _listed(report.failures, _failure)]
    if report.expiring:
        lines += ["", f"{_EXPIRING}:", *(f"  {each}" for each in _listed(report.expiring, _expiry))]
    return "".join(f"{_printable(line)}\n" for line in lines)


def to_markdown(report: Report) -> str:
    """The whole report in Markdown."""
    lines = [f"**{_safe(summary(report))}**", "", _period(report), ""]
    lines += [_line([each.replace("_", " ") for each in COLUMNS]), _line(["---", *["---:"] * (len(COLUMNS) - 1)])]
    lines += [_line([_safe(_cell(value)) for value in row.values()]) for row in rows(report)]
    if report.failures:
        lines += [
            "",
            "**Failed, refused or in doubt**",
            "",
            *(f"- {_safe(each)}" for each in _listed(report.failures, _failure)),
        ]
    if report.expiring:
        lines += ["", f"**{_EXPIRING}**", "", *(f"- {_safe(each)}" for each in _listed(report.expiring, _expiry))]
    return "\n".join(lines) + "\n"


def to_json(report: Report) -> dict[str, Any]:
    """All of it as JSON, with ``summary`` (one line), ``text`` and ``markdown`` for messages."""
    texts = {"summary": summary(report), "text": to_text(report), "markdown": to_markdown(report)}
    return {**report.to_json(), **texts}


_EXPIRING = "About to be deleted by KIE.AI, and stored nowhere"


def _period(report: Report) -> str:
    return f"{to_iso(report.since)} to {to_iso(report.until)}"


def _listed(entries: Sequence[Mapping[str, Any]], tell: Callable[[Mapping[str, Any]], str]) -> list[str]:
    lines = [f"{_name(each)}: {tell(each)}" for each in entries[:_MOST]]
    return [*lines, f"and {len(entries) - _MOST} more"] if len(entries) > _MOST else lines


def _cost(sums: Sums) -> str:
    cost = f"{_cell(sums.credits)} credits ({in_dollars(sums.credits)})"
    cost += f", {sums.unpriced} of unknown price" if sums.unpriced else ""
    return f"{cost}, {_cell(sums.credits_in_doubt)} in doubt" if sums.credits_in_doubt else cost


def _name(each: Mapping[str, Any]) -> str:
    index = "" if each["map_index"] < 0 else f"[{each['map_index']}]"
    return f"{each['dag_id']}.{each['task_id']}{index} of {each['run_id']}"


def _failure(each: Mapping[str, Any]) -> str:
    said = [each.get(name) for name in ("message", "payment", "advice")]
    return " ".join([f"{each['reason']}.", *(_one_line(text) for text in said if text)])


def _expiry(each: Mapping[str, Any]) -> str:
    kind = () if each["kind"] in {None, "runway"} else ("--kind", str(each["kind"]))
    command = command_line("save", str(each["kie_task_id"]), "PATH", *kind)
    return f"{each['expires_at']}; to store it pays nothing: {command}"


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    return f"{round(value, 6):.10g}" if isinstance(value, float) else str(value)


def _safe(text: str) -> str:
    """A text that Markdown, and chats that read something like it, take for text: no link, no mention, no table."""
    return _MARKS.sub(
        r"\\\1", _printable(_one_line(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )
