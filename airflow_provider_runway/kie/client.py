"""KIE.AI over HTTP, sync and async: two drivers for the same flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar, cast

from typing_extensions import Self, Unpack

from airflow_provider_runway.kie import flows
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.endpoints import Call
from airflow_provider_runway.kie.envelope import Answer
from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.kie.families import shortest_pause
from airflow_provider_runway.kie.flows import Flow, OnAnswer, OnPoll, Pause
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.models import Model
from airflow_provider_runway.kie.models_flow import input_schema, list_models
from airflow_provider_runway.kie.over_httpx import HttpxSender
from airflow_provider_runway.kie.poll_state import PollRules, PollState
from airflow_provider_runway.kie.renew_link_flow import renew_link
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.retry_rules import RetryRules
from airflow_provider_runway.kie.rules import check_poll_interval, check_seconds
from airflow_provider_runway.kie.schedule import Schedule
from airflow_provider_runway.kie.task_ids import Api
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.kie.wait_flow import OnChange, wait

if TYPE_CHECKING:
    import httpx

DEFAULT_TIMEOUT = 30.0
DEFAULT_WAIT = 1800.0

T = TypeVar("T")


class WaitOptions(TypedDict, total=False):
    """How a task is waited for; see :meth:`airflow_provider_runway.hooks.runway.RunwayHook.wait`."""

    poll_interval: float
    timeout: float
    age: float | None
    on_change: OnChange | None
    on_poll: OnPoll | None


class AsyncSender(Protocol):
    """What carries an async client's calls, such as :class:`airflow_provider_runway.kie.over_aiohttp.AiohttpSender`."""

    async def send(self, call: Call) -> Answer:
        """Send a call; see :meth:`HttpxSender.send`."""

    async def aclose(self) -> None:
        """Close the connections."""


class KieClient:
    """A sync client. Use as a context manager, or call :meth:`close`.

    What its methods take and raise stands at those of the same names of
    :class:`airflow_provider_runway.hooks.runway.RunwayHook`.

    :param address: The account and where it is.
    :param timeout: Seconds for connecting, and for all that comes after it until the answer is there whole.
    :param retry_rules: How often, and after what pauses, a call is sent again when that is safe.
    :param transport: An httpx transport in place of the network, for tests.
    :param clock: What time it is, and how it passes.
    :param on_poll: Called after each poll, with its error if it went wrong.
    """

    def __init__(
        self,
        address: Address,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        retry_rules: RetryRules | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = CLOCK,
        on_poll: OnPoll | None = None,
    ) -> None:
        self.address = address
        self.retry_rules = retry_rules or RetryRules()
        self._sender = HttpxSender(address, timeout, transport)
        self._clock = clock
        self._on_poll = on_poll

    def submit(
        self,
        request: Request,
        *,
        retry_rules: RetryRules | None = None,
        known_as: str | None = None,
        on_answer: OnAnswer | None = None,
    ) -> str:
        """Submit a request. This is what costs money.

        :param request: One of :mod:`airflow_provider_runway.kie.requests`.
        :param retry_rules: In place of the client's own; only refusals that prove that nothing was taken are retried.
        :param known_as: What the request is called in errors; its fingerprint if left out.
        :param on_answer: Given what KIE has made at once, where it makes no task to wait for.
        :return: The id of the task that KIE made.
        :raises AmbiguousSubmissionError: If KIE may have taken the request; it must not simply be sent again.
        :raises RunwayError: Any other error means that KIE took nothing.
        """
        rules, api = retry_rules or self.retry_rules, self.address.api
        return self._run(flows.submit(request, rules, api, known_as=known_as, on_answer=on_answer))

    def get_task(self, task_id: str, kind: Kind = "runway") -> VideoTask:
        """Get a task's record: one poll.

        :raises TaskNotFoundError: If KIE has no record of it (a new one may take a moment to show).
        """
        poll = flows.get_task(task_id, kind, self.retry_rules, self.address.api)
        return self._run(flows.told(poll, self._on_poll))

    def wait(self, task_id: str, kind: Kind = "runway", **options: Unpack[WaitOptions]) -> VideoTask:
        """Wait for a task to end, and return it with its video's link.

        :raises InvalidRequestError: If a time is no number above zero, or the interval below 1; nothing was sent.
        """
        options.setdefault("on_poll", self._on_poll)
        return self._run(_wait_flow(task_id, kind, self.address.api, self._clock, **options))

    def credits(self) -> float:
        """The account's balance in credits (1 credit is about US$0.005). Free of charge."""
        return self._run(flows.credits_left(self.retry_rules))

    def models(self) -> Sequence[Model]:
        """All models that KIE lists. Free of charge; one call of this sort a second."""
        return self._run(list_models(self.retry_rules))

    def input_schema(self, model: str, *, retry_rules: RetryRules | None = None) -> Mapping[str, Any] | None:
        """The JSON Schema of a model's ``input``. Free of charge; one call of this sort a second."""
        return self._run(input_schema(model, retry_rules or self.retry_rules))

    def renew_link(self, task_id: str, dead: str, kind: Kind = "runway", position: int = 0) -> str:
        """Another link to the video of a finished task. Free of charge."""
        return self._run(renew_link(task_id, kind, dead, self.retry_rules, position=position, api=self.address.api))

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, flow: Flow[T]) -> T:
        flow = flows.finished(flow, self.address)
        try:
            step = next(flow)
            while True:
                answer, fault = None, None
                try:
                    if isinstance(step, Pause):
                        self._clock.sleep(step.seconds)
                    else:
                        answer = self._sender.send(step.call)
                except RunwayError as error:
                    fault = error
                step = flow.throw(fault) if fault else flow.send(answer)
        except StopIteration as end:
            return cast("T", end.value)


class AsyncKieClient:
    """The async twin of :class:`KieClient`: the same methods, awaited.

    :param sender: What carries the calls; it brings its own timeout, and is closed with the client.
    """

    def __init__(
        self,
        address: Address,
        sender: AsyncSender,
        *,
        retry_rules: RetryRules | None = None,
        clock: Clock = CLOCK,
    ) -> None:
        self.address = address
        self.retry_rules = retry_rules or RetryRules()
        self._sender = sender
        self._clock = clock

    async def submit(self, request: Request) -> str:
        """Submit a request."""
        return await self._run(flows.submit(request, self.retry_rules, self.address.api))

    async def get_task(
        self, task_id: str, kind: Kind = "runway", *, retry_rules: RetryRules | None = None
    ) -> VideoTask:
        """Get a task's record: one poll."""
        return await self._run(flows.get_task(task_id, kind, retry_rules or self.retry_rules, self.address.api))

    async def wait(self, task_id: str, kind: Kind = "runway", **options: Unpack[WaitOptions]) -> VideoTask:
        """Wait for a task to end."""
        return await self._run(_wait_flow(task_id, kind, self.address.api, self._clock, **options))

    async def credits(self) -> float:
        """The account's balance in credits."""
        return await self._run(flows.credits_left(self.retry_rules))

    async def models(self) -> Sequence[Model]:
        """All models that KIE lists."""
        return await self._run(list_models(self.retry_rules))

    async def input_schema(self, model: str) -> Mapping[str, Any] | None:
        """The JSON Schema of a model's ``input``."""
        return await self._run(input_schema(model, self.retry_rules))

    async def renew_link(self, task_id: str, dead: str, kind: Kind = "runway", position: int = 0) -> str:
        """Another link to the video of a finished task."""
        flow = renew_link(task_id, kind, dead, self.retry_rules, position=position, api=self.address.api)
        return await self._run(flow)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sender.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _run(self, flow: Flow[T]) -> T:
        flow = flows.finished(flow, self.address)
        try:
            step = next(flow)
            while True:
                answer, fault = None, None
                try:
                    if isinstance(step, Pause):
                        await self._clock.asleep(step.seconds)
                    else:
                        answer = await self._sender.send(step.call)
                except RunwayError as error:
                    fault = error
                step = flow.throw(fault) if fault else flow.send(answer)
        except StopIteration as end:
            return cast("T", end.value)


def _wait_flow(
    task_id: str,
    kind: Kind,
    api: Api,
    clock: Clock,
    *,
    poll_interval: float = 10.0,
    timeout: float = DEFAULT_WAIT,
    age: float | None = None,
    on_change: OnChange | None = None,
    on_poll: OnPoll | None = None,
) -> Flow[VideoTask]:
    rules = PollRules(poll_interval=max(check_poll_interval("poll_interval", poll_interval), shortest_pause(kind)))
    now = clock.monotonic()
    state = PollState(
        task_id,
        deadline=now + check_seconds("timeout", timeout),
        rules=rules,
        schedule=None if age is None else Schedule(kind),
        submitted=None if age is None else now - age,
    )
    return wait(state, kind, clock=clock.monotonic, on_change=on_change, on_poll=on_poll, api=api)
