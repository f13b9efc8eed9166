"""A report out of the cards of the page "Videos": what was made, what failed and why, and what it has cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from airflow_provider_runway.kie.prices import DOLLARS_PER_CREDIT
from airflow_provider_runway.plugin.operator_names import FREE_OPERATORS
from airflow_provider_runway.results import to_iso

Card = Mapping[str, Any]
_WHICH = ("dag_id", "run_id", "task_id", "map_index")
_NOT_YET = {"queued", "generating"}


@dataclass(slots=True)
class Sums:
    """What has become of the videos of one DAG, or of all.

    :param made: Videos that are ready.
    :param saved: Those of them that are stored.
    :param failed: Videos that have failed.
    :param refused: Prompts that moderation has refused, of tasks that have skipped themselves.
    :param in_doubt: Failed tasks of which nobody knows whether KIE has taken, and charged, what they sent.
    :param waiting: Videos that queue, are being made, or are tried again.
    :param expiring: Videos that KIE deletes soon, and that are stored nowhere; whenever they were made.
    :param credits: What all of these have cost, as far as prices are known; what KIE failed has cost nothing.
    :param credits_in_doubt: What those in doubt would have cost.
    :param unpriced: Paid videos whose price is not known.
    """

    made: int = 0
    saved: int = 0
    failed: int = 0
    refused: int = 0
    in_doubt: int = 0
    waiting: int = 0
    expiring: int = 0
    credits: float = 0.0
    credits_in_doubt: float = 0.0
    unpriced: int = 0

    @property
    def dollars(self) -> float:
        """The credits in US dollars."""
        return round(self.credits * DOLLARS_PER_CREDIT, 6)

    def to_json(self) -> dict[str, float]:
        """By their names."""
        return {**asdict(self), "dollars": self.dollars}

    def add(self, other: Sums) -> None:
        """Count what another has counted as well."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What has become of videos.

    :param since: From when on.
    :param until: Up to when; when it was made.
    :param dags: The sums by DAG.
    :param failures: What has failed, was refused or is in doubt, each with ``dag_id``, ``run_id``, ``task_id``,
        ``map_index``, ``kie_task_id``, ``reason``, ``message``, ``paid`` (``None`` if nobody knows), ``payment`` and
        ``advice``.
    :param expiring: What KIE deletes soon, each with ``dag_id``, ``run_id``, ``task_id``, ``map_index``, ``kind``,
        ``kie_task_id`` and ``expires_at``.
    """

    since: datetime
    until: datetime
    dags: Mapping[str, Sums] = field(default_factory=dict)
    failures: tuple[Mapping[str, Any], ...] = ()
    expiring: tuple[Mapping[str, Any], ...] = ()

    @property
    def total(self) -> Sums:
        """The sums of all DAGs."""
        total = Sums()
        for sums in self.dags.values():
            total.add(sums)
        return total

    @property
    def reasons(self) -> Mapping[str, int]:
        """How often each reason of a failure has come up, the most frequent first."""
        counted = Counter(str(each["reason"]) for each in self.failures)
        return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {
            "since": to_iso(self.since),
            "until": to_iso(self.until),
            "total": self.total.to_json(),
            "dags": [{"dag_id": dag_id, **sums.to_json()} for dag_id, sums in self.dags.items()],
            "reasons": dict(self.reasons),
            "failures": [dict(each) for each in self.failures],
            "expiring": [dict(each) for each in self.expiring],
        }


def report_of(
    cards: Iterable[Card],
    expiring: Iterable[Mapping[str, Any]],
    stored: Collection[str],
    since: datetime,
    until: datetime,
) -> Report:
    """Add up what has become of videos.

    :param cards: Those that wait, and those that have ended since.
    :param expiring: Those that KIE deletes soon.
    :param stored: The ids of KIE tasks whose video is stored somewhere, as far as is known.
    :param since: From when on.
    :param until: The time.
    """
    shown = {tuple(card[name] for name in _WHICH): card for card in cards}.values()
    watched = {card["kie_task_id"]: card for card in shown if card["operator"] in FREE_OPERATORS}
    stored = {*stored, *(card["kie_task_id"] for card in shown if card["saved_to"])}
    by_dag, failures = defaultdict[str, Sums](Sums), list[Mapping[str, Any]]()
    for card in shown:
        if card["operator"] in FREE_OPERATORS:
            continue
        sums, last = by_dag[card["dag_id"]], card
        if card["state"] == "submitted":
            last = watched.get(card["kie_task_id"], card)
        word = _fate(last)
        setattr(sums, word, getattr(sums, word) + 1)
        sums.saved += word == "made" and card["kie_task_id"] in stored
        _count_price(sums, card, _paid(last))
        if word in {"failed", "refused", "in_doubt"}:
            failures.append(_failure(last))
    for each in expiring:
        by_dag[each["dag_id"]].expiring += 1
    return Report(
        since=since,
        until=until,
        dags=dict(sorted(by_dag.items())),
        failures=tuple(failures),
        expiring=tuple(expiring),
    )


def expiring_of(card: Card, expires_at: datetime) -> Mapping[str, Any]:
    """What a report says of a video that KIE deletes soon."""
    return {**_which(card), "kind": card["kind"], "kie_task_id": card["kie_task_id"], "expires_at": to_iso(expires_at)}


def is_paid(card: Card) -> bool:
    """Whether a video is known to be paid."""
    return _paid(card) is True


def _fate(card: Card) -> str:
    if card["state"] in _NOT_YET or card["state"] == "submitted" or card["task_state"] == "up_for_retry":
        return "waiting"
    if card["state"] == "refused":
        return "refused"
    if card["state"] != "failed":
        return "made"
    return "in_doubt" if _paid(card) is None else "failed"


def _paid(card: Card) -> bool | None:
    """Whether it is paid; ``None`` if nobody knows, as with a task that was killed on its way."""
    said = (card["failure"] or {}).get("paid")
    if isinstance(said, bool):
        return said
    if card["kie_task_id"]:
        return True
    return None if card["state"] == "failed" else False


def _count_price(sums: Sums, card: Card, paid: bool | None) -> None:
    price = card["credits"]
    if paid is None:
        sums.credits_in_doubt += price or 0.0
    elif paid:
        sums.credits += price or 0.0
        sums.unpriced += price is None


def _failure(card: Card) -> Mapping[str, Any]:
    said = card["failure"] or {}
    return {
        **_which(card),
        "kie_task_id": card["kie_task_id"] or said.get("task_id"),
        "paid": _paid(card),
        **{name: said.get(name) for name in ("reason", "message", "payment", "advice")},
    }


def _which(card: Card) -> Mapping[str, Any]:
    return {name: card[name] for name in _WHICH}
