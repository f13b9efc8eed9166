"""All polls of one connection on one event loop: one client, one timer, one rate limit, one poll for each task.

Ten thousand triggers that each had a client, a timer and a pause of their own would keep a triggerer from its work.
Here a trigger only subscribes, and sleeps until its subscription ends.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from weakref import WeakKeyDictionary

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.clock import CallLater, Clock, Timer
from airflow_provider_runway.kie.errors import AuthenticationError, RateLimitedError, RunwayError
from airflow_provider_runway.kie.families import shortest_pause
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.poll_queue import PollQueue
from airflow_provider_runway.kie.poll_state import Finished, GaveUp, PollRules, PollState, Step, timed_out
from airflow_provider_runway.kie.retry_rules import ONE_TRY, refusal_pause
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.kie.seconds import sane_poll_interval
from airflow_provider_runway.kie.wait_flow import OnChange
from airflow_provider_runway.triggers.client_lease import ClientLease, CurrentClient
from airflow_provider_runway.triggers.events import PollRequest
from airflow_provider_runway.triggers.subscriptions import PolledTask, Subscription
from airflow_provider_runway.utils import metrics
from airflow_provider_runway.utils.polls import count_poll

# Polls under way at a time, and so many sockets.
MAX_CONCURRENT_POLLS = 16
# Seconds that the last poll for a subscription, at its deadline, may take.
LAST_POLL = 5.0
# Different kinds of video whose times are learned. There is no telling what model names people use.
_MOST_SCHEDULES = 200


class SharedPoller:
    """Polls the tasks of one connection for all triggers that wait for them.

    :param runway_conn_id: The connection, of type ``runway``.
    :param clock: What time it is, and how it passes; that of the hooks if left out.
    :param call_at_end: Calls back at the end of a subscription, which comes whatever becomes of its polls; asyncio's
        own if left out.
    :param jitter: A number in [0, 1) for each pause.
    """

    def __init__(
        self,
        runway_conn_id: str,
        *,
        clock: Clock | None = None,
        call_at_end: CallLater | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._conn_id = runway_conn_id
        self._clock = clock or RunwayHook.clock
        self._call_at_end = call_at_end
        self._jitter = jitter
        self._queue: PollQueue[PolledTask] = PollQueue()
        self._users = 0
        self._client = CurrentClient(runway_conn_id, MAX_CONCURRENT_POLLS)
        self._tasks: dict[tuple[str, Kind], PolledTask] = {}
        self._polls: set[asyncio.Task[None]] = set()
        self._timer: Timer | None = None
        self._timer_at = 0.0

    async def wait(self, request: PollRequest, on_change: OnChange) -> None:
        """Wait until the video is there.

        :param request: What to wait for.
        :param on_change: Called with the state, and the seconds since the submission (or else the beginning of the
            wait), whenever the state changes.
        :raises InvalidRequestError: If there can be no such task.
        :raises GenerationFailedError: If KIE failed the task.
        :raises WaitTimeoutError: If it was not ready in time; it goes on at KIE.
        :raises ConnectionSettingsError: If the connection has no key or a value that cannot work.
        :raises RunwayError: If it is gone, or too many polls in a row went wrong.
        """
        request.check_task()
        self._users += 1
        metrics.gauge("waits", self._users, conn_id=self._conn_id)
        subscription = self._new_subscription(request, on_change)
        end = self._end_in_time(request, subscription)
        try:
            await self._client.open(subscription.ended)
            task = self._subscribe(request, subscription)
            try:
                await subscription.ended
            finally:
                self._unsubscribe(task, subscription)
        finally:
            end.cancel()
            self._users -= 1
            metrics.gauge("waits", self._users, conn_id=self._conn_id)
            if self._users == 0:
                await self._close()

    # -- subscriptions ----------------------------------------------------------------------------------------------

    def _new_subscription(self, request: PollRequest, on_change: OnChange) -> Subscription:
        """A subscription by the poller's own clock: later jumps of the wall clock do not matter."""
        now, wall_now = self._clock.monotonic(), self._clock.time()
        return Subscription(
            deadline=now + request.deadline - wall_now,
            ended=asyncio.get_running_loop().create_future(),
            on_change=on_change,
            submitted=None if request.submitted_at is None else now + request.submitted_at - wall_now,
            began=now,
        )

    def _end_in_time(self, request: PollRequest, subscription: Subscription) -> Timer:
        """End a subscription soon after its deadline even if polls are stuck, or held back."""
        task_id = request.runway_task_id

        def end() -> None:
            task = self._tasks.get((task_id, request.kind))
            state = task.poll_state.state if task is not None and subscription in task.subscriptions else None
            subscription.end(timed_out(task_id, state, submitted=request.submitted_at is not None))

        call_later = self._call_at_end or asyncio.get_running_loop().call_later
        return call_later(max(0.0, subscription.deadline - subscription.began) + LAST_POLL, end)

    def _subscribe(self, request: PollRequest, subscription: Subscription) -> PolledTask:
        now, key = self._clock.monotonic(), (request.runway_task_id, request.kind)
        task = self._tasks.get(key)
        if task is None:
            poll_state = PollState(
                request.runway_task_id,
                deadline=float("inf"),  # each subscription has its own
                rules=PollRules(poll_interval=_poll_interval(request), jitter=self._jitter),
                schedule=schedule_of(request.profile or request.kind),
                submitted=subscription.submitted,
                is_called=request.expects_call,
            )
            task = self._tasks[key] = PolledTask(*key, poll_state)
            self._put(task, now + self._first_pause(poll_state, request, now, subscription.deadline))
        else:
            task.poll_state.hurry(_poll_interval(request))
            due = subscription.deadline
            if task.poll_state.is_called and not request.expects_call:
                task.poll_state.is_called = False
                due = now + self._first_pause(task.poll_state, request, now, due)
            if due < task.due and task.poll is None:
                self._put(task, max(now, due))
        task.add(subscription, request.seen)
        self._serve()
        return task

    def _first_pause(self, poll_state: PollState, request: PollRequest, now: float, deadline: float) -> float:
        """Where all subscriptions begin at once, as after a restart, their first polls are spread."""
        pause = poll_state.begin(now)
        if request.submitted_at is None:
            pause = poll_state.rules.poll_interval * self._jitter()
        return min(pause, max(0.0, deadline - now))

    def _unsubscribe(self, task: PolledTask, subscription: Subscription) -> None:
        if subscription in task.subscriptions:
            task.subscriptions.remove(subscription)
            if subscription.ended.cancelled():
                task.poll_state.woken(self._clock.monotonic())
        if not task.subscriptions:
            self._forget(task)

    def _forget(self, task: PolledTask) -> None:
        self._queue.drop(task)
        if task.poll is not None:
            task.poll.cancel()  # nobody needs its result, and others need its place
        if self._tasks.get((task.task_id, task.kind)) is task:
            del self._tasks[task.task_id, task.kind]

    # -- when to poll -----------------------------------------------------------------------------------------------

    def _put(self, task: PolledTask, due: float) -> None:
        task.due = due
        self._queue.put(task, due)

    def _serve(self) -> None:
        """Poll what is due, as far as the limits allow, and come back for the rest."""
        now = self._clock.monotonic()
        for task in self._queue.take(now, MAX_CONCURRENT_POLLS - len(self._polls)):
            self._start_poll(task)
        later = self._queue.next_time(now, has_room=len(self._polls) < MAX_CONCURRENT_POLLS)
        if later is not None:
            self._come_back(later, now)

    def _come_back(self, at: float, now: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer, self._timer_at = self._clock.call_later(at - now, self._ring), at

    def _ring(self) -> None:
        self._timer = None
        self._serve()

    # -- a poll -----------------------------------------------------------------------------------------------------

    def _start_poll(self, task: PolledTask) -> None:
        poll = task.poll = asyncio.get_running_loop().create_task(self._poll(task))
        self._polls.add(poll)
        poll.add_done_callback(self._poll_done)

    def _poll_done(self, poll: asyncio.Task[None]) -> None:
        self._polls.discard(poll)
        if self._users:
            self._serve()

    async def _poll(self, task: PolledTask) -> None:
        try:
            step = await self._step(task, self._client.lease)
            task.poll = None
            self._take(task, step)
        except Exception as error:  # noqa: BLE001 - a fault of ours: whoever waits has to learn of it
            task.poll = None
            self._end(task, error)

    async def _step(self, task: PolledTask, lease: ClientLease) -> Step:
        try:
            with lease:
                record = await lease.client.get_task(task.task_id, task.kind, retry_rules=ONE_TRY)
        except RunwayError as error:
            count_poll(self._conn_id, "triggerer", error)
            if isinstance(error, RateLimitedError):
                self._hold(error)
            mended = isinstance(error, AuthenticationError) and await self._client.has_changed(
                lease, self._clock.monotonic()
            )
            return task.poll_state.failed(error, self._clock.monotonic(), mended=mended)
        count_poll(self._conn_id, "triggerer")
        return task.poll_state.saw(record, self._clock.monotonic())

    def _take(self, task: PolledTask, step: Step) -> None:
        """Do what the poll state says, for each subscription."""
        now = self._clock.monotonic()
        if isinstance(step, (Finished, GaveUp)):
            self._end(task, step.error if isinstance(step, GaveUp) else None)
            return
        for each in list(task.subscriptions):
            if step.change is not None:
                each.report(step.change, now)
            if each.deadline <= now:
                task.subscriptions.remove(each)
                each.end(timed_out(task.task_id, task.poll_state.state, submitted=each.submitted is not None))
        if task.subscriptions:
            self._put(task, min(now + step.pause, *(each.deadline for each in task.subscriptions)))
        else:
            self._forget(task)

    def _end(self, task: PolledTask, error: Exception | None) -> None:
        for each in task.subscriptions:
            each.end(error)
        task.subscriptions.clear()
        self._forget(task)

    def _hold(self, error: RateLimitedError) -> None:
        """KIE refused a poll for the rate: no other poll of this connection goes out before the pause is over."""
        now = self._clock.monotonic()
        self._queue.hold(now, now + refusal_pause(error))

    async def _close(self) -> None:
        """The last subscription has ended. One that begins meanwhile gets a new client."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.clear()
        client, self._client = self._client, CurrentClient(self._conn_id, MAX_CONCURRENT_POLLS)
        polls = list(self._polls)
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)
        await client.close()


def _poll_interval(request: PollRequest) -> float:
    return max(sane_poll_interval(request.poll_interval), shortest_pause(request.kind))


_SCHEDULES: dict[str, Schedule] = {}
_POLLERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, SharedPoller]] = WeakKeyDictionary()


def schedule_of(profile: str) -> Schedule:
    """What this process has learned of a sort of video."""
    if profile not in _SCHEDULES and len(_SCHEDULES) >= _MOST_SCHEDULES:
        profile = "runway"
    if profile not in _SCHEDULES:
        _SCHEDULES[profile] = Schedule(profile)
    return _SCHEDULES[profile]


def shared_poller(runway_conn_id: str) -> SharedPoller:
    """The poller of a connection on the running event loop. It stays when nobody waits: it knows KIE's pauses."""
    pollers = _POLLERS.setdefault(asyncio.get_running_loop(), {})
    found = pollers.get(runway_conn_id)
    if found is None:
        found = pollers[runway_conn_id] = SharedPoller(runway_conn_id)
    return found
