"""When to poll a task, from when such videos became ready lately: pure arithmetic, with time and chance passed in.

Not before such videos are ever ready, then every ``poll_interval``, and more rarely once nearly all are.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque

# A pause is lengthened by up to this share, so that polls of different tasks do not keep step.
JITTER = 0.2
# The longest pauses, in poll intervals and with their jitter: before videos become ready, and after nearly all have.
LONGEST = 3.0
LONGEST_AFTER = 6.0
# In poll intervals, the pause between polls that are for lost calls alone.
BESIDE_CALLS = 30.0
# In poll intervals, how far a poll that is sure to find the video ready goes ahead of one that is sure not to.
HEAD_START = 6.0

# Seconds from the submission within which half of the videos are ready, before any was seen. KIE.AI publishes no times
# for Runway; videos of its market take 56 to 313 s, and twice the seconds or pixels are guessed to take longer.
# Aleph takes 2 to 15 minutes by its documentation, 3 to 8 as client code has it. All of it is soon outweighed.
_USUAL = 90.0
_OTHERS = {"generate-10s-720p": 120.0, "generate-5s-1080p": 120.0, "extend-1080p": 120.0, "aleph": 300.0}
# Seconds within which all of them have ended, as far as is known: one of 785 s was seen.
_LONGEST_TIME = 900.0
# The guess counts like videos that became ready at these multiples of the guessed median, until others push them out.
_GUESS = (0.04, 0.5, 0.75, 0.9, 1.1, 1.4, 2.0, 4.0)
# So many of the last videos count, and these shares of them make "ever" and "nearly all".
_LAST = 50
_EVER, _NEARLY_ALL, _ALL_BUT_A_FEW = 0.04, 0.9, 0.95
# From so many times the age at which nearly all are ready, pauses grow with age.
_LATE = 1.4
# The first polls of new tasks are spread over this part of a poll interval.
_SPREAD = 0.5


def guessed_median(profile: str) -> float:
    """Seconds within which half of the videos of a profile are guessed to be ready.

    :param profile: A name as in the price list, such as ``generate-5s-720p``, or a kind: ``runway``, ``aleph``. Any
        other text stands for a plain video.
    """
    return _OTHERS.get(profile, _USUAL)


def longest_time(profile: str) -> float:
    """Seconds within which each video of a profile has ended, as far as is known.

    :param profile: As above.
    """
    return max(_LONGEST_TIME, _GUESS[-1] * guessed_median(profile))


class Schedule:
    """When to poll the tasks of one profile. It learns from each video that is seen to become ready.

    :param profile: A name as in the price list, such as ``generate-5s-720p``, or a kind: ``runway``, ``aleph``.
    """

    def __init__(self, profile: str) -> None:
        median = guessed_median(profile)
        self._last = deque((median * part for part in _GUESS), maxlen=_LAST)
        self._update()

    def learn(self, since: float, age: float) -> None:
        """Learn that a video became ready between two ages, in seconds since its submission.

        :param since: Its age at the poll before, or 0 if there was none and it has been waited for since its
            submission. A wait that begins later has nothing to tell at its first poll: of its like, those that were
            ready before are missing.
        :param age: Its age at the poll that found it ready.
        """
        if 0.0 <= since < age < math.inf:
            self._last.append((since + age) / 2.0)
            self._update()

    def first_pause(self, age: float | None, poll_interval: float, jitter: float) -> float:
        """Seconds from the beginning of a wait to its first poll. Waits that begin together are spread.

        :param age: Seconds since the submission; ``None`` if that is unknown.
        :param poll_interval: Seconds, the shortest pause between two polls.
        :param jitter: A number in [0, 1).
        :return: Until the video is one to three ``poll_interval`` old. A wait that begins later than that, after a
            restart for instance, may have been without a poll for long: it gets one within a ``poll_interval``.
        """
        spread = _SPREAD * poll_interval * jitter
        if age is None or math.isnan(age):
            return poll_interval + spread
        if age >= poll_interval:
            return poll_interval * jitter
        return min(max(self._ever, poll_interval), (LONGEST - _SPREAD) * poll_interval) + spread - max(age, 0.0)

    def next_pause(self, age: float | None, poll_interval: float, jitter: float) -> float:
        """Seconds from a poll at which the video was not ready to the next one.

        :param age: Seconds since the submission; ``None`` if that is unknown: then pauses are even.
        :param poll_interval: Seconds, the shortest pause.
        :param jitter: A number in [0, 1).
        :return: From ``poll_interval`` to :data:`LONGEST` times that, or to :data:`LONGEST_AFTER` times that when
            nearly all such videos are ready.
        """
        pause = poll_interval * (1.0 + JITTER * jitter)
        if age is None or math.isnan(age):
            return pause
        if age > self._late:
            return pause * min(age / self._late, LONGEST_AFTER / (1.0 + JITTER))
        until_ever = self._ever - max(age, 0.0) + pause - poll_interval
        return max(pause, min(until_ever, LONGEST * poll_interval))

    def first_pause_beside_calls(self, age: float, poll_interval: float, jitter: float) -> float:
        """Seconds from the beginning of a wait to its first poll, where KIE calls when the task has ended.

        :param age: Seconds since the submission.
        :param poll_interval: Seconds, the shortest pause between two polls without calls.
        :param jitter: A number in [0, 1).
        :return: Until the video is so old that all but a few of its like were ready, and up to a ``poll_interval``.
        """
        return max(0.0, max(self._overdue, poll_interval) - max(age, 0.0)) + poll_interval * jitter

    def next_pause_beside_calls(self, age: float | None, poll_interval: float, jitter: float) -> float:
        """Seconds from a poll at which the video was not ready to the next one, where KIE calls; as above.

        :param age: Seconds since the submission; ``None`` if that is unknown.
        :return: :data:`BESIDE_CALLS` times ``poll_interval`` or more; less while the video is not overdue.
        """
        longest = BESIDE_CALLS * poll_interval * (1.0 + JITTER * jitter)
        if age is None or math.isnan(age) or age >= self._overdue:
            return longest
        return max(poll_interval, self.first_pause_beside_calls(age, poll_interval, jitter))

    def head_start(self, since: float | None, age: float | None, poll_interval: float) -> float:
        """Seconds by which a poll goes ahead of others when a limit on requests holds all of them up.

        Of the polls that are due, the one with the smallest ``moment it fell due - head start`` goes first: those that
        are likely to find a video ready do. As it is bounded, every poll's turn comes.

        :param since: Seconds since the submission at the last poll; ``None`` if there was none, or it is unknown.
        :param age: Seconds since the submission when the poll falls due; ``None`` if it is unknown.
        :param poll_interval: Seconds, the shortest pause between two polls.
        :return: From 0 to :data:`HEAD_START` times ``poll_interval``; half of that where nothing is known.
        """
        if since is None or age is None or math.isnan(since) or math.isnan(age):
            return 0.5 * HEAD_START * poll_interval
        before, until = bisect_right(self._sorted, since), bisect_right(self._sorted, age)
        return HEAD_START * poll_interval * max(0, until - before) / (len(self._sorted) - before + 1)

    def _update(self) -> None:
        self._sorted = sorted(self._last)
        self._ever = self._sorted[int(_EVER * len(self._sorted))]
        self._overdue = self._sorted[int(_ALL_BUT_A_FEW * len(self._sorted))]
        self._late = _LATE * self._sorted[int(_NEARLY_ALL * len(self._sorted))]
