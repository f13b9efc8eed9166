"""All waits of one connection on one event loop: one client, one timer, one limit, one look for each video.

Ten thousand triggers that each had a client, a timer and a pause of their own would keep a triggerer from its work.
Here a trigger only joins, and sleeps until it is told.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

from airflow_provider_runway.kie.errors import AuthenticationError, RateLimitedError, RunwayError
from airflow_provider_runway.kie.exchange import ONE_TRY, refusal_pause
from airflow_provider_runway.kie.look_queue import LookQueue
from airflow_provider_runway.kie.polling import Finished, GaveUp, LookAgain, Step, Watch, WatchRules, timed_out
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.kie.tasks import Kind
from airflow_provider_runway.kie.waiting import OnChange
from airflow_provider_runway.triggers.lines import Line, open_line
from airflow_provider_runway.triggers.waits import Video, Wait, Wish

log = logging.getLogger(__name__)

# Looks under way at a time, and so many sockets.
MOST_LOOKS = 16
# Different kinds of video whose times are learned. There is no telling what model names people use.
_MOST_SCHEDULES = 200


class Timer(Protocol):
    """What asyncio's timers can do."""

    def cancel(self) -> None: ...  # noqa: D102


class Waiter:
    """Looks at the videos of one connection for all triggers that wait for them.

    :param runway_conn_id: The connection, of type ``runway``.
    :param clock: Seconds on a clock that does not jump.
    :param wall_clock: Epoch seconds.
    :param call_later: Calls back after so many seconds; asyncio's own if left out.
    :param jitter: A number in [0, 1) for each pause.
    """

    def __init__(
        self,
        runway_conn_id: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        call_later: Callable[[float, Callable[[], None]], Timer] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._conn_id = runway_conn_id
        self._clock = clock
        self._wall_clock = wall_clock
        self._call_later = call_later
        self._jitter = jitter
        self._queue: LookQueue[Video] = LookQueue()
        self._users = 0
        self._line: Line | None = None
        self._opening: asyncio.Task[Line] | None = None
        self._videos: dict[tuple[str, Kind], Video] = {}
        self._looks: set[asyncio.Task[None]] = set()
        self._timer: Timer | None = None
        self._timer_at = 0.0

    async def wait(self, wish: Wish, on_change: OnChange) -> None:
        """Wait until the video is there.

        :param wish: What to wait for.
        :param on_change: Called with the state, and the seconds since the submission (or else the beginning of the
            wait), whenever the state changes.
        :raises GenerationFailedError: If KIE failed the task.
        :raises WaitTimeoutError: If it was not ready in time; it goes on at KIE.
        :raises ConnectionSettingsError: If the connection has no key or a value that cannot work.
        :raises RunwayError: If it is gone, or too many looks in a row went wrong.
        """
        self._users += 1
        try:
            await self._open()
            video, wait = self._join(wish, on_change)
            try:
                await wait.ended
            finally:
                self._leave(video, wait)
        finally:
            self._users -= 1
            if self._users == 0:
                await self._close()

    # -- who waits --------------------------------------------------------------------------------------------------

    def _join(self, wish: Wish, on_change: OnChange) -> tuple[Video, Wait]:
        now, wall_now = self._clock(), self._wall_clock()
        deadline = now + wish.deadline - wall_now
        submitted = None if wish.submitted_at is None else now + wish.submitted_at - wall_now
        wait = Wait(
            deadline=deadline,
            ended=asyncio.get_running_loop().create_future(),
            on_change=on_change,
            since=now if submitted is None else submitted,
        )
        video = self._videos.get((wish.task_id, wish.kind))
        if video is None:
            rules = WatchRules(poll_interval=wish.poll_interval, jitter=self._jitter)
            watch = Watch(
                wish.task_id,
                deadline=float("inf"),  # each wait has its own
                rules=rules,
                schedule=schedule_of(wish.profile or wish.kind),
                submitted=submitted,
            )
            video = self._videos[wish.task_id, wish.kind] = Video(wish.task_id, wish.kind, watch)
            self._put(video, now + self._first_pause(watch, wish, now, deadline))
        else:
            video.watch.hurry(wish.poll_interval)
            if deadline < video.due and not video.is_looked_at:
                self._put(video, max(now, deadline))
        video.waits.append(wait)
        self._serve()
        return video, wait

    def _first_pause(self, watch: Watch, wish: Wish, now: float, deadline: float) -> float:
        """Where all waits begin at once, as after a restart, their first looks do not."""
        pause = watch.begin(now)
        if wish.submitted_at is None:
            pause = wish.poll_interval * self._jitter()
        return min(pause, max(0.0, deadline - now))

    def _leave(self, video: Video, wait: Wait) -> None:
        if wait in video.waits:
            video.waits.remove(wait)
        if not video.waits:
            self._forget(video)

    def _forget(self, video: Video) -> None:
        self._queue.drop(video)
        if self._videos.get((video.task_id, video.kind)) is video:
            del self._videos[video.task_id, video.kind]

    # -- when to look -----------------------------------------------------------------------------------------------

    def _put(self, video: Video, due: float) -> None:
        video.due = due
        self._queue.put(video, due)

    def _serve(self) -> None:
        """Look at what is due, as far as the limits let it, and come back for the rest."""
        now = self._clock()
        for video in self._queue.take(now, MOST_LOOKS - len(self._looks)):
            self._start_look(video)
        later = self._queue.next_time(now, has_room=len(self._looks) < MOST_LOOKS)
        if later is not None:
            self._come_back(later, now)

    def _come_back(self, at: float, now: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        call_later = self._call_later or asyncio.get_running_loop().call_later
        self._timer, self._timer_at = call_later(at - now, self._ring), at

    def _ring(self) -> None:
        self._timer = None
        self._serve()

    # -- a look -----------------------------------------------------------------------------------------------------

    def _start_look(self, video: Video) -> None:
        video.is_looked_at = True
        look = asyncio.get_running_loop().create_task(self._look(video))
        self._looks.add(look)
        look.add_done_callback(self._looked)

    def _looked(self, look: asyncio.Task[None]) -> None:
        self._looks.discard(look)
        if self._users:
            self._serve()

    async def _look(self, video: Video) -> None:
        line = self._line
        if line is None:  # pragma: no cover - there is one for as long as anybody waits
            return
        try:
            step = await self._step(video, line)
            video.is_looked_at = False
            self._take(video, step)
        except Exception as error:  # noqa: BLE001 - a fault of ours: whoever waits has to learn of it
            self._end(video, error)

    async def _step(self, video: Video, line: Line) -> Step:
        try:
            with line:
                task = await line.client.look(video.task_id, video.kind, patience=ONE_TRY)
        except RunwayError as error:
            if isinstance(error, RateLimitedError):
                self._hold(error)
            if isinstance(error, AuthenticationError) and await self._is_out_of_date(line):
                return LookAgain(0.0)
            return video.watch.failed(error, self._clock())
        return video.watch.saw(task, self._clock())

    def _take(self, video: Video, step: Step) -> None:
        """Do what the watch says, for each that waits."""
        now = self._clock()
        if isinstance(step, (Finished, GaveUp)):
            self._end(video, step.error if isinstance(step, GaveUp) else None)
            return
        for wait in list(video.waits):
            if step.news is not None:
                wait.tell(step.news, now)
            if wait.deadline <= now:
                video.waits.remove(wait)
                wait.end(timed_out(video.task_id, video.watch.state))
        if video.waits:
            self._put(video, min(now + step.pause, *(wait.deadline for wait in video.waits)))
        else:
            self._forget(video)

    def _end(self, video: Video, error: Exception | None) -> None:
        for wait in video.waits:
            wait.end(error)
        video.waits.clear()
        self._forget(video)

    def _hold(self, error: RateLimitedError) -> None:
        """KIE refused a look for the rate: no other look of this connection goes out before the pause is over."""
        now = self._clock()
        self._queue.hold(now, now + refusal_pause(error))

    # -- the line to KIE --------------------------------------------------------------------------------------------

    async def _open(self) -> Line:
        """The line, opened once. Whoever asks first may be cancelled meanwhile: the others still get it."""
        if self._line is not None:
            return self._line
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(open_line(self._conn_id, MOST_LOOKS))
        opening = self._opening
        try:
            line = await asyncio.shield(opening)
        finally:
            if opening.done() and self._opening is opening:
                self._opening = None
        if self._line is None:
            self._line = line
        return self._line

    async def _is_out_of_date(self, line: Line) -> bool:
        """Whether the connection has changed since the line was opened; then another is opened for it."""
        if self._line is line:
            try:
                renewed = await line.renewed(self._clock())
            except Exception as error:  # noqa: BLE001 - then what KIE said stands
                log.warning("Connection %r cannot be read any more: %s", self._conn_id, error)
                return False
            if renewed is not None and self._line is line:
                self._line = renewed
                await line.retire()
        return self._line is not line

    async def _close(self) -> None:
        """The last one has left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.clear()
        looks, opening, line = list(self._looks), self._opening, self._line
        self._opening = self._line = None
        for task in (*looks, *([opening] if opening else [])):
            task.cancel()
        await asyncio.gather(*looks, *([opening] if opening else []), return_exceptions=True)
        if line is not None:
            await line.retire()


_SCHEDULES: dict[str, Schedule] = {}
_WAITERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Waiter]] = WeakKeyDictionary()


def schedule_of(profile: str) -> Schedule:
    """What this process has learned of a sort of video."""
    if profile not in _SCHEDULES and len(_SCHEDULES) >= _MOST_SCHEDULES:
        profile = "runway"
    if profile not in _SCHEDULES:
        _SCHEDULES[profile] = Schedule.of(profile)
    return _SCHEDULES[profile]


def waiter(runway_conn_id: str) -> Waiter:
    """The waiter of a connection on the running event loop. It stays when nobody waits: it knows KIE's pauses."""
    waiters = _WAITERS.setdefault(asyncio.get_running_loop(), {})
    found = waiters.get(runway_conn_id)
    if found is None:
        found = waiters[runway_conn_id] = Waiter(runway_conn_id)
    return found
