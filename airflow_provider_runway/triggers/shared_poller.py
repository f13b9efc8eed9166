"""All waits of one connection on one event loop: one client, one timer, one limit, one look for each video.

Ten thousand triggers that each had a client, a timer and a pause of their own would keep a triggerer from its work.
Here a trigger only joins, and sleeps until it is told.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary

from airflow_provider_runway.kie.errors import AuthenticationError, RateLimitedError, RunwayError
from airflow_provider_runway.kie.flows import ONE_TRY, refusal_pause
from airflow_provider_runway.kie.poll_queue import PollQueue
from airflow_provider_runway.kie.poll_state import Finished, GaveUp, PollRules, PollState, Step, timed_out
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.kie.tasks import Kind
from airflow_provider_runway.kie.wait_flow import OnChange
from airflow_provider_runway.triggers.client_lease import ClientLease
from airflow_provider_runway.triggers.current_client import CurrentLine
from airflow_provider_runway.triggers.subscriptions import PollRequest, Subscription, Video

# Looks under way at a time, and so many sockets.
MAX_CONCURRENT_POLLS = 16
# Seconds that the last look of a wait, at its deadline, may take.
LAST_LOOK = 5.0
# Different kinds of video whose times are learned. There is no telling what model names people use.
_MOST_SCHEDULES = 200


class Timer(Protocol):
    """What asyncio's timers can do."""

    def cancel(self) -> None: ...  # noqa: D102


CallLater = Callable[[float, Callable[[], None]], Timer]


class SharedPoller:
    """Looks at the videos of one connection for all triggers that wait for them.

    :param runway_conn_id: The connection, of type ``runway``.
    :param clock: Seconds on a clock that does not jump.
    :param wall_clock: Epoch seconds.
    :param call_later: Calls back after so many seconds, for looks; asyncio's own if left out.
    :param call_at_end: The same for the end of a wait, which comes whatever becomes of its looks.
    :param jitter: A number in [0, 1) for each pause.
    """

    def __init__(
        self,
        runway_conn_id: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        call_later: CallLater | None = None,
        call_at_end: CallLater | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._conn_id = runway_conn_id
        self._clock = clock
        self._wall_clock = wall_clock
        self._call_later = call_later
        self._call_at_end = call_at_end
        self._jitter = jitter
        self._queue: PollQueue[Video] = PollQueue()
        self._users = 0
        self._line = CurrentLine(runway_conn_id, MAX_CONCURRENT_POLLS)
        self._videos: dict[tuple[str, Kind], Video] = {}
        self._looks: set[asyncio.Task[None]] = set()
        self._timer: Timer | None = None
        self._timer_at = 0.0

    async def wait(self, wish: PollRequest, on_change: OnChange) -> None:
        """Subscription until the video is there.

        :param wish: What to wait for.
        :param on_change: Called with the state, and the seconds since the submission (or else the beginning of the
            wait), whenever the state changes.
        :raises GenerationFailedError: If KIE failed the task.
        :raises WaitTimeoutError: If it was not ready in time; it goes on at KIE.
        :raises ConnectionSettingsError: If the connection has no key or a value that cannot work.
        :raises RunwayError: If it is gone, or too many looks in a row went wrong.
        """
        self._users += 1
        wait = self._new_wait(wish, on_change)
        end = self._end_in_time(wish, wait)
        try:
            await self._line.open(wait.ended)
            video = self._join(wish, wait)
            try:
                await wait.ended
            finally:
                self._leave(video, wait)
        finally:
            end.cancel()
            self._users -= 1
            if self._users == 0:
                await self._close()

    # -- who waits --------------------------------------------------------------------------------------------------

    def _new_wait(self, wish: PollRequest, on_change: OnChange) -> Subscription:
        """A wait by our own clock: what the wall clock does from here on is nothing to it."""
        now, wall_now = self._clock(), self._wall_clock()
        return Subscription(
            deadline=now + wish.deadline - wall_now,
            ended=asyncio.get_running_loop().create_future(),
            on_change=on_change,
            submitted=None if wish.submitted_at is None else now + wish.submitted_at - wall_now,
            began=now,
        )

    def _end_in_time(self, wish: PollRequest, wait: Subscription) -> Timer:
        """See to it that a wait ends soon after its deadline: looks may be stuck, or held back."""

        def end() -> None:
            video = self._videos.get((wish.task_id, wish.kind))
            state = video.watch.state if video is not None and wait in video.waits else None
            wait.end(timed_out(wish.task_id, state, submitted=wish.submitted_at is not None))

        call_later = self._call_at_end or asyncio.get_running_loop().call_later
        return call_later(max(0.0, wait.deadline - wait.began) + LAST_LOOK, end)

    def _join(self, wish: PollRequest, wait: Subscription) -> Video:
        now = self._clock()
        video = self._videos.get((wish.task_id, wish.kind))
        if video is None:
            rules = PollRules(poll_interval=wish.poll_interval, jitter=self._jitter)
            watch = PollState(
                wish.task_id,
                deadline=float("inf"),  # each wait has its own
                rules=rules,
                schedule=schedule_of(wish.profile or wish.kind),
                submitted=wait.submitted,
            )
            video = self._videos[wish.task_id, wish.kind] = Video(wish.task_id, wish.kind, watch)
            self._put(video, now + self._first_pause(watch, wish, now, wait.deadline))
        else:
            video.watch.hurry(wish.poll_interval)
            if wait.deadline < video.due and video.look is None:
                self._put(video, max(now, wait.deadline))
        video.waits.append(wait)
        self._serve()
        return video

    def _first_pause(self, watch: PollState, wish: PollRequest, now: float, deadline: float) -> float:
        """Where all waits begin at once, as after a restart, their first looks do not."""
        pause = watch.begin(now)
        if wish.submitted_at is None:
            pause = watch.rules.poll_interval * self._jitter()
        return min(pause, max(0.0, deadline - now))

    def _leave(self, video: Video, wait: Subscription) -> None:
        if wait in video.waits:
            video.waits.remove(wait)
        if not video.waits:
            self._forget(video)

    def _forget(self, video: Video) -> None:
        self._queue.drop(video)
        if video.look is not None:
            video.look.cancel()  # nobody wants what it brings, and others want its place
        if self._videos.get((video.task_id, video.kind)) is video:
            del self._videos[video.task_id, video.kind]

    # -- when to look -----------------------------------------------------------------------------------------------

    def _put(self, video: Video, due: float) -> None:
        video.due = due
        self._queue.put(video, due)

    def _serve(self) -> None:
        """Look at what is due, as far as the limits let it, and come back for the rest."""
        now = self._clock()
        for video in self._queue.take(now, MAX_CONCURRENT_POLLS - len(self._looks)):
            self._start_look(video)
        later = self._queue.next_time(now, has_room=len(self._looks) < MAX_CONCURRENT_POLLS)
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
        look = video.look = asyncio.get_running_loop().create_task(self._look(video))
        self._looks.add(look)
        look.add_done_callback(self._looked)

    def _looked(self, look: asyncio.Task[None]) -> None:
        self._looks.discard(look)
        if self._users:
            self._serve()

    async def _look(self, video: Video) -> None:
        try:
            step = await self._step(video, self._line.now)
            video.look = None
            self._take(video, step)
        except Exception as error:  # noqa: BLE001 - a fault of ours: whoever waits has to learn of it
            video.look = None
            self._end(video, error)

    async def _step(self, video: Video, line: ClientLease) -> Step:
        try:
            with line:
                task = await line.client.get_task(video.task_id, video.kind, retry_rules=ONE_TRY)
        except RunwayError as error:
            if isinstance(error, RateLimitedError):
                self._hold(error)
            mended = isinstance(error, AuthenticationError) and await self._line.has_changed(line, self._clock())
            return video.watch.failed(error, self._clock(), mended=mended)
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
                wait.end(timed_out(video.task_id, video.watch.state, submitted=wait.submitted is not None))
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

    async def _close(self) -> None:
        """The last one has left. Whoever comes while this goes on begins anew."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.clear()
        line, self._line = self._line, CurrentLine(self._conn_id, MAX_CONCURRENT_POLLS)
        looks = list(self._looks)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)
        await line.close()


_SCHEDULES: dict[str, Schedule] = {}
_WAITERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, SharedPoller]] = WeakKeyDictionary()


def schedule_of(profile: str) -> Schedule:
    """What this process has learned of a sort of video."""
    if profile not in _SCHEDULES and len(_SCHEDULES) >= _MOST_SCHEDULES:
        profile = "runway"
    if profile not in _SCHEDULES:
        _SCHEDULES[profile] = Schedule.of(profile)
    return _SCHEDULES[profile]


def shared_poller(runway_conn_id: str) -> SharedPoller:
    """The waiter of a connection on the running event loop. It stays when nobody waits: it knows KIE's pauses."""
    waiters = _WAITERS.setdefault(asyncio.get_running_loop(), {})
    found = waiters.get(runway_conn_id)
    if found is None:
        found = waiters[runway_conn_id] = SharedPoller(runway_conn_id)
    return found
