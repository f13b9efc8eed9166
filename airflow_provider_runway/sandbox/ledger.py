"""The ledger: every charge, refund, request and callback, and what follows from them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Entry:
    """Credits that moved.

    :param at: when, in seconds since the epoch.
    :param amount: credits, above 0 in charges and in refunds.
    :param body_hash: the same for the same request body.
    :param key: a hash of the API key, never the key.
    """

    at: float
    task_id: str
    amount: float
    prompt: str
    body_hash: str
    key: str


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """One request and how it was answered.

    :param number: counts all requests from 1.
    :param at: when it came, in seconds since the epoch.
    :param purpose: ``submit``, ``record``, ``credit``, ``media``, ``upload``, ``download_url``, ``models``, ``chat`` or
        ``other``.
    :param key: a hash of the key sent along; empty without one.
    :param body_hash: the same for the same body; empty without a body.
    :param prompt: of the submission, or of the task that it is about.
    :param status: the HTTP status; 0 when the connection was closed without an answer.
    :param code: the code in the body, if there was one; of a cut or garbled answer the one that it would have
        had.
    :param task_id: the task that it made or is about; empty without one.
    :param fault: the names of the faults that struck it, joined by ``+``.
    """

    number: int
    at: float
    method: str
    path: str
    purpose: str
    key: str
    body_hash: str
    prompt: str
    status: int
    code: int | None
    task_id: str
    fault: str


@dataclass(frozen=True, slots=True)
class CallbackEntry:
    """One attempt to deliver a callback.

    :param status: the receiver's HTTP status; 0 when it could not be reached.
    """

    at: float
    task_id: str
    url: str
    attempt: int
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The books at one moment.

    :param initial: credits at the start.
    :param charges: every charge, oldest first.
    :param refunds: every refund, oldest first.
    :param requests: the latest requests, oldest first (``ledger_requests_kept`` of them).
    :param key_leaks: requests for media that brought an API key along, which media hosts must never see.
    :param callbacks: attempts to deliver callbacks.
    :param counts: all requests ever, by purpose.
    :param codes: all submissions ever, by the code of their answer.
    """

    initial: float
    charges: tuple[Entry, ...] = ()
    refunds: tuple[Entry, ...] = ()
    requests: tuple[RequestEntry, ...] = ()
    key_leaks: tuple[RequestEntry, ...] = ()
    callbacks: tuple[CallbackEntry, ...] = ()
    counts: Mapping[str, int]
    codes: Mapping[str, int]

    @property
    def charged(self) -> float:
        """Credits charged in all."""
        return sum(each.amount for each in self.charges)

    @property
    def refunded(self) -> float:
        """Credits that came back."""
        return sum(each.amount for each in self.refunds)

    @property
    def balance(self) -> float:
        """What is left: initial - charges + refunds."""
        return self.initial - self.charged + self.refunded

    @property
    def paid(self) -> tuple[Entry, ...]:
        """The charges that were not refunded."""
        back = {each.task_id for each in self.refunds}
        return tuple(each for each in self.charges if each.task_id not in back)

    @property
    def submissions(self) -> tuple[RequestEntry, ...]:
        """The requests for a new task, accepted or not."""
        return self.of("submit")

    def of(self, purpose: str) -> tuple[RequestEntry, ...]:
        """The requests of one purpose."""
        return tuple(each for each in self.requests if each.purpose == purpose)

    def about(self, task_id: str) -> tuple[RequestEntry, ...]:
        """The requests about one task."""
        return tuple(each for each in self.requests if each.task_id == task_id)

    def charges_by_prompt(self, *, paid_only: bool = False) -> Counter[str]:
        """How many charges each prompt had.

        :param paid_only: leave out what was refunded.
        """
        return Counter(each.prompt for each in (self.paid if paid_only else self.charges))

    def charges_by_body(self, *, paid_only: bool = False) -> Counter[str]:
        """How many charges each request body had.

        :param paid_only: leave out what was refunded.
        """
        return Counter(each.body_hash for each in (self.paid if paid_only else self.charges))

    def paid_twice(self) -> tuple[str, ...]:
        """The prompts with more than one charge that was not refunded."""
        return tuple(prompt for prompt, count in self.charges_by_prompt(paid_only=True).items() if count > 1)

    def to_json(self) -> dict[str, Any]:
        """As ``GET /_sandbox/ledger`` answers it: the fields, and the sums."""
        sums = {"balance": self.balance, "charged": self.charged, "refunded": self.refunded}
        books = {name: [_row(entry) for entry in getattr(self, name)] for name in _ROWS}
        return {"initial": self.initial, **books, "counts": self.counts, "codes": self.codes, **sums}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ledger:
        """The ledger of such an answer."""
        rows: dict[str, Any] = {name: tuple(entry(**each) for each in value[name]) for name, entry in _ROWS.items()}
        return cls(initial=value["initial"], counts=value["counts"], codes=value["codes"], **rows)


_ROWS: dict[str, type[Entry | RequestEntry | CallbackEntry]] = {
    "charges": Entry,
    "refunds": Entry,
    "requests": RequestEntry,
    "key_leaks": RequestEntry,
    "callbacks": CallbackEntry,
}


def _row(entry: Entry | RequestEntry | CallbackEntry) -> dict[str, Any]:
    """An entry's fields; there may be a hundred thousand of them, and ``asdict`` is slow."""
    return {name: getattr(entry, name) for name in entry.__slots__}
