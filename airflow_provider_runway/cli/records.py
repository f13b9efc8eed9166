"""``airflow runway records``: what was recorded of submissions, and what a person puts right."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_runway.cli.asking import agree
from airflow_provider_runway.cli.ending import ExitCode, command, end, say
from airflow_provider_runway.cli.recorded import COLUMNS, UNREADABLE, Records, find, history, is_open, row_of, word
from airflow_provider_runway.cli.recorded_task import check_task
from airflow_provider_runway.cli.showing import show_rows
from airflow_provider_runway.cli.stored_records import StoredRecords
from airflow_provider_runway.hooks.connections import get_settings
from airflow_provider_runway.hooks.records import records_folder
from airflow_provider_runway.kie.errors import ConnectionSettingsError
from airflow_provider_runway.kie.rules import is_task_id
from airflow_provider_runway.kie.task_ids import parse_task_id
from airflow_provider_runway.kie.web_pages import page
from airflow_provider_runway.operators.outcomes import BY_HAND
from airflow_provider_runway.operators.submission import OVER, Stage, Submission
from airflow_provider_runway.publishing import publication
from airflow_provider_runway.publishing.publication import Publication
from airflow_provider_runway.results import to_iso, utc_now
from airflow_provider_runway.storage.ledger import Ledger
from airflow_provider_runway.storage.record_entries import RecordEntry
from airflow_provider_runway.storage.records import RecordsFolder
from airflow_provider_runway.utils.config import read_records
from airflow_provider_runway.utils.versions import airflow_version

# The Airflow that has a task state store.
FIRST_WITH_STORE = (3, 3)
# Records that are removed at once: a store takes its time for each.
_AT_ONCE = 8
# Digits of a key that a table shows.
_SHORT = 12


@command
def list_(arguments: Namespace) -> None:
    """Print the submissions that the folder has, the one that was written to last at the end."""
    since = None if arguments.since is None else moment("--since", arguments.since)
    rows = list[Mapping[str, Any]]()
    for found in _folder(arguments).survey(since=since):
        if found.fault is not None:
            say(str(found.fault))
            rows.append({"key": found.key, "state": UNREADABLE})
        rows += (row_of(found.key, entry) for entry in found.entries)
    wanted = {name: getattr(arguments, name) for name in ("dag_id", "run_id", "state")}
    wanted["state"] = wanted["state"] and wanted["state"].replace("-", " ")
    rows = [row for row in rows if all(value in {None, row.get(name)} for name, value in wanted.items())]
    _show(rows, arguments.output)


@command
def show(arguments: Namespace) -> None:
    """Print all that was recorded of one Airflow task."""
    record = find(_folder(arguments), arguments)
    rows = [
        {"number": entry.number, "at": at, "by": writer, "state": word(stage), **said}
        for entry in record.entries
        for at, writer, stage, said in history(entry)
    ]
    of = {"key": record.of.key, **asdict(record.of)}
    if arguments.output == "table":
        say("  ".join(f"{name} {value}" for name, value in of.items() if value is not None))
        return show_rows(rows, arguments.output)
    return show_rows([{**of, **row} for row in rows], arguments.output)


@command
def set_id(arguments: Namespace) -> None:
    """Record the KIE task of a submission that is in doubt."""
    folder = _folder(arguments)
    task_id = arguments.kie_task_id.strip()
    if not is_task_id(task_id):
        end(ExitCode.WRONG, f"A task id is a text without white space; got {arguments.kie_task_id!r}.")
    record = find(folder, arguments)
    entry, known = record.current()
    if isinstance(known, Publication):
        end(
            ExitCode.REFUSED,
            "It is of a publication, which has no id. If the video is there, mark the Airflow task as successful.",
        )
    if known.task_id == task_id and known.stage not in OVER:
        return say(f"It is recorded already: the submission is of task {task_id}.")
    if not arguments.force:
        if known.stage is not Stage.INTENT:
            named = f", of task {known.task_id}" if known.task_id else ""
            end(ExitCode.REFUSED, f"It is not in doubt: the submission is {known.stage}{named}. --force records it.")
        other = _recorded_for_another(folder, task_id, entry, known)
        if other:
            end(ExitCode.REFUSED, f"Task {task_id} is recorded for {other}. --force records it.")
        task_id = check_task(arguments.conn_id, task_id, known)
    outcome = replace(known, stage=Stage.SUBMITTED, task_id=task_id, submitted_at=known.submitted_at)
    folder.add_outcome(record.of, entry.number, entry.nonce, BY_HAND, outcome.to_json())
    return say(
        f"Recorded: the submission is task {task_id}. Clear the Airflow task: it waits on that video, for nothing."
    )


@command
def forget(arguments: Namespace) -> None:
    """Leave the last submission behind, once the person has agreed."""
    folder = _folder(arguments)
    record = find(folder, arguments)
    entry, known = record.current()
    what, does, costs = ("submission", "submits", "submits, and pays")
    over: Collection[object] = OVER
    if isinstance(known, Publication):
        what, does, costs, over = "publication", "publishes", "publishes", publication.OVER
    if known.stage in over:
        return say(f"There is nothing to forget: the {what} is {word(known.stage)}, and the next try {does}.")
    agree(f"{_loss(known)} The next try {costs}.", f"Forget this {what}?", "Nothing was changed.", yes=arguments.yes)
    outcome = {**known.to_json(), "stage": Stage.FORGOTTEN.value}
    folder.add_outcome(record.of, entry.number, entry.nonce, "forget", outcome)
    return say(f"Forgotten. Clear the Airflow task: it {does} anew.")


@command
def prune(arguments: Namespace) -> None:
    """Remove what no file was added to for long, once the person has agreed."""
    folder = _folder(arguments)
    if isinstance(folder, StoredRecords):
        end(ExitCode.REFUSED, "Airflow removes what is too old there by itself: airflow state-store clean.")
    before = moment("--older-than", arguments.older_than)
    old, ledgers = list(folder.survey(before=before)), folder.ledgers(before.date())
    if not old and not ledgers:
        return say("There is no record so old.")
    open_ = sum(is_open(entry) for found in old for entry in found.entries)
    doubt = f" {open_} of their submissions have not ended." if open_ else ""
    spent = f" So have {len(ledgers)} ledgers of what was spent in a day." if ledgers else ""
    what = f"{len(old)} records have not been written to since {to_iso(before)}.{spent}{doubt}"
    if arguments.dry_run:
        rows = [row_of(found.key, entry) for found in old for entry in found.entries]
        _show(rows, arguments.output)
        return say(f"{what} Nothing was removed: this is a dry run.")
    facts = f"{what} A further try of such a task submits, and pays."
    agree(facts, "Remove them?", "Nothing was removed.", yes=arguments.yes)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        removed = sum(threads.map(folder.remove, old))
        _ = [*threads.map(Ledger.remove, ledgers)]
    kept = f" {len(old) - removed} were written to meanwhile, and stay." if removed < len(old) else ""
    return say(f"{removed} records are removed.{kept}")


def _show(rows: Sequence[Mapping[str, Any]], output: str) -> None:
    """Print a list of submissions; a table has no room for whole keys."""
    shown = [{name: row.get(name) for name in COLUMNS} for row in rows]
    if output == "table":
        shown = [{**row, "key": str(row["key"])[:_SHORT]} for row in shown]
    show_rows(shown, output)


def _folder(arguments: Namespace) -> RecordsFolder | StoredRecords:
    """The records folder; where there is none, Airflow's own store of them."""
    try:
        folder = records_folder(get_settings(arguments.conn_id))
    except ConnectionSettingsError as error:
        if not error.is_missing:
            raise
        url = read_records()
        folder = None if url is None else RecordsFolder(url)
    if folder is not None:
        return folder
    none = f"There is no records folder: neither connection {arguments.conn_id!r} nor [runway] records names one."
    if airflow_version() < FIRST_WITH_STORE:
        end(ExitCode.REFUSED, f"{none} Without it nothing is recorded on this Airflow: see {page('records.md')}.")
    say(f"{none} This is of Airflow's task state store.")
    return StoredRecords()


def _loss(known: Submission | Publication) -> str:
    if isinstance(known, Publication):
        is_known = known.stage is publication.Stage.PUBLISHED
        doubt = "" if is_known else "It is unknown whether this is published: "
        return f"{doubt or 'This is published: '}what was sent to {known.place} at {known.intended_at}."
    if known.task_id is None:
        return f"It is unknown whether KIE.AI took what was sent at {known.intended_at}: that may be paid."
    return f"Task {known.task_id} was submitted, and is paid unless KIE.AI fails it."


def _recorded_for_another(folder: Records, task_id: str, doubtful: RecordEntry, known: Submission) -> str | None:
    """Which other submission has this KIE task, among those of the Airflow tasks that were recorded since."""
    since, bare = datetime.fromisoformat(known.intended_at) - timedelta(days=1), _bare(task_id)
    for found in folder.survey(since=since):
        for entry in found.entries:
            if entry.of == doubtful.of and entry.number == doubtful.number:
                continue
            if any(_bare(each.value.get("task_id")) == bare for each in entry.outcomes):
                of = entry.of
                if of == doubtful.of:
                    return f"submission {entry.number} of the same Airflow task"
                return f"another Airflow task: {of.dag_id} {of.task_id} {of.run_id} (map index {of.map_index})"
    return None


def _bare(task_id: object) -> str:
    """The id as KIE shows it, which a person may have from there; the case does not matter to KIE."""
    return parse_task_id(str(task_id)).bare.casefold()


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(option: str, text: str) -> datetime:
    """The moment so long ago, such as ``60d``, or of that date."""
    ago = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    try:
        if ago:
            return utc_now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, OverflowError):
        end(
            ExitCode.WRONG,
            f"{option} is a time such as 60d or 12h, or a date such as {to_iso(utc_now())[:10]}; got {text!r}.",
        )
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)
