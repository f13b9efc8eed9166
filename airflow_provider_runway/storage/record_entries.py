"""What the files of a records folder say of the submissions of one Airflow task, whichever try it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any, Literal

Kind = Literal["submission", "outcome", "value", "spending"]
_VERSION = 1
# Bytes of a file: a record has a few hundred, and what is much larger is none.
LARGEST = 4_194_304


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """Which Airflow task it is, whichever try, and what of it is recorded.

    :param name: What is recorded: a task may submit several things.
    :param region: Which part of a run it is, on Airflow 3.4 and later; ``None`` elsewhere.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    name: str = "submission"
    region: str | None = None

    @property
    def key(self) -> str:
        """What its files are found by: 64 hexadecimal digits."""
        parts = [self.dag_id, self.run_id, self.task_id, str(int(self.map_index)), self.name]
        digest = hashlib.sha256()
        for part in (*parts, *([] if self.region is None else [self.region])):
            content = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:%b" % (len(content), content))
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a submission since it was recorded.

    :param number: Counted from 1, within the submission.
    :param writer: Who says so.
    :param at: When, ISO 8601 in UTC, by the writer's clock.
    :param value: What.
    """

    number: int
    writer: str
    at: str
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """One submission.

    :param number: Counted from 1, within the Airflow task.
    :param of: The Airflow task.
    :param nonce: Tells it from another that was created in its place.
    :param created_at: When, ISO 8601 in UTC, by the creator's clock.
    :param value: What was recorded before it was sent.
    :param outcomes: What is known since, the oldest first.
    """

    number: int
    of: Coordinates
    nonce: str
    created_at: str
    value: dict[str, Any]
    outcomes: tuple[Outcome, ...] = ()

    @property
    def latest(self) -> dict[str, Any]:
        """The last that is known of it."""
        return self.outcomes[-1].value if self.outcomes else self.value


def written(kind: Kind, of: Coordinates, **facts: Any) -> bytes:
    """A file, as it is written.

    :raises ValueError: If it cannot be told in JSON, or is too large.
    :raises TypeError: If it cannot be told in JSON.
    """
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    whole = {"version": _VERSION, "kind": kind, "of": asdict(of), "at": now, **facts}
    content = json.dumps(whole, indent=2, allow_nan=False).encode()
    if len(content) > LARGEST:
        raise ValueError(f"a record has {LARGEST} bytes at most; this one has {len(content)}")
    return content


def nonces(content: bytes) -> tuple[object, object] | None:
    """What tells a file from another of its name."""
    try:
        value = json.loads(content)
        return value["nonce"], value.get("id")
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None


# What else each kind of file has, besides version, kind, coordinates and time.
_FIELDS: Mapping[str, Mapping[str, type]] = {
    "submission": {"nonce": str, "value": dict},
    "outcome": {"nonce": str, "writer": str, "value": dict},
    "value": {},
    "spending": {"nonce": str, "value": dict},
}


def fault_in(value: object, kind: Kind, key: str) -> str | None:
    """What is wrong with what a file says.

    :param key: Of the task whose file it is; what is spent is of many tasks.
    """
    if not isinstance(value, dict) or type(value.get("version")) is not int:
        return "it is none of this provider's"
    if value["version"] != _VERSION:
        return f"it has version {value['version']}, and this provider reads {_VERSION}"
    if value.get("kind") != kind or not isinstance(value.get("at"), str):
        return f"it is no {kind}"
    of = _key_of(value.get("of"))
    if of is None or (of != key and kind != "spending"):
        return "it is of another task"
    missing = [name for name, kind_ in _FIELDS[kind].items() if not isinstance(value.get(name), kind_)]
    return f"it lacks {missing[0]}" if missing else None


def _key_of(coordinates: object) -> str | None:
    try:
        return Coordinates(**coordinates).key if isinstance(coordinates, dict) else None
    except (TypeError, ValueError, AttributeError):
        return None


def entry(number: int, submission: Mapping[str, Any], outcomes: Iterable[tuple[int, Mapping[str, Any]]]) -> RecordEntry:
    """A submission, from files without a fault.

    :param outcomes: Files that tell of it, or of another that had its number, with the numbers of their own.
    """
    said = (
        Outcome(further, outcome["writer"], outcome["at"], outcome["value"])
        for further, outcome in outcomes
        if outcome["nonce"] == submission["nonce"]
    )
    of = Coordinates(**submission["of"])
    return RecordEntry(number, of, submission["nonce"], submission["at"], submission["value"], tuple(said))
