"""The one account: its balance and its books."""

from __future__ import annotations

from collections import Counter, deque
from itertools import count, islice
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.ledger import CallbackEntry, Entry, Ledger, RequestEntry

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.tasks import Task


class Account:
    """Keeps the books: ``spent`` credits, a ``numbers`` iterator for requests, and the ``callbacks`` attempted.

    :param requests_kept: how many requests are remembered in full.
    """

    def __init__(self, requests_kept: int) -> None:
        self.spent = 0.0
        self.numbers = count(1)
        self.callbacks: deque[CallbackEntry] = deque(maxlen=requests_kept)
        self._charges: list[Entry] = []
        self._refunds: list[Entry] = []
        self._leaks: list[RequestEntry] = []
        self._requests: deque[RequestEntry] = deque(maxlen=requests_kept)
        self._counts: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()

    def charge(self, task: Task) -> None:
        """Take the price of a new task."""
        self.spent += task.cost
        self._charges.append(_entry(task, task.created_at))

    def charge_call(self, entry: Entry) -> None:
        """Take the price of a call that is answered at once."""
        self.spent += entry.amount
        self._charges.append(entry)

    def refund(self, task: Task) -> None:
        """Give the price of a failed task back."""
        task.refunded = True
        self.spent -= task.cost
        self._refunds.append(_entry(task, task.finish_at))

    def note_request(self, entry: RequestEntry) -> None:
        """Write a request down."""
        self._requests.append(entry)
        self._counts[entry.purpose] += 1
        if entry.purpose == "submit":
            self._codes[str(entry.code)] += 1
        if entry.purpose == "media" and entry.key:
            self._leaks.append(entry)

    def ledger(self, initial: float, *, requests: int | None = None) -> Ledger:
        """The books as they stand.

        :param initial: credits at the start.
        :param requests: give only so many of the latest requests; None: all that are kept.
        """
        passed_over = 0 if requests is None else max(len(self._requests) - requests, 0)
        return Ledger(
            initial=initial,
            charges=tuple(self._charges),
            refunds=tuple(self._refunds),
            requests=tuple(islice(self._requests, passed_over, None)),
            key_leaks=tuple(self._leaks),
            callbacks=tuple(self.callbacks),
            counts=dict(self._counts),
            codes=dict(self._codes),
        )


def _entry(task: Task, at: float) -> Entry:
    return Entry(at, task.id, task.cost, task.prompt, task.body_hash, task.key)
