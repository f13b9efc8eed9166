"""What is known of whether KIE.AI's calls for one submission would have arrived: only then does silence say anything.

Whoever waits for a call sends *probes* meanwhile: calls of its own, through the public address, which the receiver
takes in as it does KIE.AI's, up to where it keeps what they say. What they have shown is a :class:`WatchEntry`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

_VERSION = 1
# Seconds between two probes, and between two contacts that show that calls arrived meanwhile.
PROBE_PAUSE = 20.0
LONGEST_GAP = 90.0
# Seconds from a submission to its first probe, or between two clocks: no video is ready so soon.
_LATEST = 30.0
# Seconds for which a call of KIE.AI's shows that it reaches the receiver: a DAG may run once a day.
_REACHES = 2 * 86_400.0


def watch_key(nonce: str) -> str:
    """Under which key of the task state the entry of a submission is.

    :param nonce: Of the submission.
    """
    return f"runway_watch_{nonce}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What one receiver knows of the calls for a connection when a probe comes. All in epoch seconds.

    :param now: When the probe came.
    :param since: Since when contacts have come without a gap, this one among them.
    :param began: When the receiver began: it has been there since.
    :param spoilt_at: When it has last turned a call away that it should have taken; ``-inf`` if never.
    :param called_at: When KIE.AI has last called; ``None`` if it has not.
    """

    now: float
    since: float
    began: float
    spoilt_at: float = -math.inf
    called_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEntry:
    """From when to when calls for a submission would have arrived.

    :param nonce: Of the submission.
    :param since: Epoch seconds.
    :param until: Epoch seconds.
    :param called_at: Epoch seconds at which KIE.AI has last called, for whatever video of the connection.
    :param is_void: Whether a call was turned away meanwhile that may have been for this submission.
    """

    nonce: str
    since: float
    until: float
    called_at: float | None = None
    is_void: bool = False

    @classmethod
    def from_json(cls, value: object) -> WatchEntry | None:
        """Read an entry; ``None`` if it is none."""
        if not isinstance(value, Mapping) or value.get("version") != _VERSION:
            return None
        nonce, called_at = value.get("nonce"), value.get("called_at")
        since: Any = value.get("since")
        until: Any = value.get("until")
        if not isinstance(nonce, str) or not _is_time(since) or not _is_time(until):
            return None
        return cls(
            nonce=nonce,
            since=since,
            until=until,
            called_at=called_at if _is_time(called_at) else None,
            is_void=value.get("is_void") is not False,
        )

    def to_json(self) -> dict[str, Any]:
        """The entry as it is stored."""
        return {"version": _VERSION, **asdict(self)}

    @classmethod
    def after(cls, earlier: WatchEntry | None, nonce: str, contact: Contact) -> WatchEntry:
        """What is known once a probe has come.

        A gap counts as none where the receiver that took this probe has had other contacts in it, or was there all the
        time and the gap is short. Once it has turned a call away, silence proves nothing any more.

        :param earlier: What was known before; ``None`` if nothing was.
        :param nonce: Of the submission.
        :param contact: What the receiver knows that took the probe.
        """
        if earlier is None or earlier.nonce != nonce:
            since = max(contact.since, contact.spoilt_at)
            return cls(nonce=nonce, since=since, until=contact.now, called_at=contact.called_at)
        called_at = max(earlier.called_at or 0.0, contact.called_at or 0.0) or None
        known = replace(earlier, called_at=called_at, is_void=earlier.is_void or contact.spoilt_at > earlier.since)
        was_there = contact.began <= earlier.until and contact.now - earlier.until <= LONGEST_GAP
        if was_there or contact.since <= earlier.until:
            return replace(known, until=max(contact.now, earlier.until))
        return known

    def doubt(self, start: float, end: float) -> str | None:
        """Why silence from one moment to another says nothing; ``None`` if it does say that KIE.AI had nothing to say.

        :param start: Epoch seconds, by a clock that may differ a little from the receiver's.
        :param end: The same.
        """
        if self.is_void:
            return "a call was turned away"
        if self.since > start + _LATEST or self.until < end - LONGEST_GAP:
            return "calls would not have arrived all that time"
        if self.called_at is None or self.called_at < start - _REACHES:
            return "KIE.AI has not called for any other video of this connection lately"
        return None


def _is_time(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value)
