"""The pace at which an account may submit: pure decisions, with the time passed in.

KIE.AI takes 20 new requests in any 10 seconds from one account and refuses the others with a 429, unqueued
(https://docs.kie.ai, "Getting Started"). Whoever else submits with the same account (another triggerer, a script)
shows only by refusals, so the pace gives way to them and comes back when they stop.
"""

from __future__ import annotations

from collections import deque

SUBMISSION_LIMIT = 20
SUBMISSION_WINDOW = 10.0
# A moment is announced this many seconds ahead: the time in which Airflow brings a task from the triggerer to a
# worker. A worker that is there sooner waits for the rest, so that submissions leave at the pace and not in bunches.
LEAD = 3.0


class Pace:
    """Hands out the moments at which submissions may be sent.

    :param limit: Submissions that KIE takes in one window.
    :param window: Seconds.
    """

    # A little below the limit: submissions reach KIE some seconds after their moment, not all equally late.
    _SHARE = 0.95
    # Moments come at least this part of the even distance apart, so that a pause can be caught up.
    _CLOSEST = 0.8
    # A share of refusals up to this is chance; above it somebody else submits too.
    _CHANCE = 0.12
    # Of the refused share, how much the pace gives way; and how many submissions a window it comes back.
    _YIELD = 0.6
    _RECOVERY = 1.0
    # What a refusal counts that a submission has met which came late.
    _LATE = 0.25

    def __init__(self, limit: int = SUBMISSION_LIMIT, window: float = SUBMISSION_WINDOW) -> None:
        self._window = window
        self._moments: deque[float] = deque()
        self.limit = 0
        self.set_limit(limit)
        self._paused_until = 0.0
        self._counting_since: float | None = None
        self._given = 0
        self._refused = 0.0

    def set_limit(self, limit: int) -> None:
        """Go on with another limit: submissions that KIE takes in one window."""
        if limit != self.limit:
            self.limit = limit
            self._top = self._allowed = max(1.0, limit * self._SHARE)
            self._moments = deque(self._moments, maxlen=limit)

    @property
    def allowed(self) -> float:
        """Submissions in one window, as things are."""
        return self._allowed

    @property
    def spacing(self) -> float:
        """Seconds from one submission to the next where many wait, as things are."""
        return self._window / self._allowed

    def next_moment(self, now: float) -> float:
        """The earliest moment for one more submission: ``now`` or later. Asking takes nothing."""
        moment = max(now, self._paused_until)
        if self._moments:
            moment = max(moment, self._moments[-1] + self._CLOSEST * self._window / self._allowed)
        whole = max(1, int(self._allowed))
        if len(self._moments) >= whole:
            moment = max(moment, self._moments[-whole] + self._window * whole / self._allowed)
        return moment

    def take(self, moment: float) -> None:
        """Give a moment away."""
        self._adapt(moment)
        self._given += 1
        self._moments.append(moment)

    def refused(self, now: float, *, late: bool = False) -> None:
        """KIE refused a submission for the rate.

        :param now: The time.
        :param late: It was sent long after its moment. Then it may have met others that were late too, rather than
            those of somebody else, and counts for little.
        """
        self._adapt(now)
        self._refused += self._LATE if late else 1.0

    def pause(self, until: float) -> None:
        """Give no moment before this one: KIE named a pause, or is under maintenance."""
        self._paused_until = max(self._paused_until, until)

    def _adapt(self, now: float) -> None:
        if self._counting_since is None:
            self._counting_since = now
        if now - self._counting_since < self._window:
            return
        if self._given:
            share = min(1.0, self._refused / self._given)
            if share > self._CHANCE:
                self._allowed = max(1.0, self._allowed * (1.0 - self._YIELD * share))
            else:
                self._allowed = min(self._top, self._allowed + self._RECOVERY)
        self._given, self._refused = 0, 0.0
        self._counting_since = now
