"""An Airflow connection becomes a KIE.AI client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk import BaseHook
from typing_extensions import Self

from airflow_provider_runway.hooks import connections, form
from airflow_provider_runway.kie.client import DEFAULT_WAIT, AsyncKieClient, KieClient
from airflow_provider_runway.kie.clock import CLOCK, Clock
from airflow_provider_runway.kie.errors import AuthenticationError, RunwayError
from airflow_provider_runway.kie.input_faults import InputFault, explained, input_faults
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.kie.over_aiohttp import AiohttpSender
from airflow_provider_runway.kie.requests import (
    AlephRequest,
    ExtendRequest,
    GenerateRequest,
    JobRequest,
    Request,
    TaskRequest,
)
from airflow_provider_runway.kie.tasks import VideoTask
from airflow_provider_runway.utils.versions import airflow_version

if TYPE_CHECKING:
    from os import PathLike

    import httpx
    from airflow.sdk import ObjectStoragePath

    from airflow_provider_runway.hooks.settings import Settings
    from airflow_provider_runway.kie.flows import OnPoll
    from airflow_provider_runway.kie.uploads import OnUpload, Upload
    from airflow_provider_runway.kie.wait_flow import OnChange
    from airflow_provider_runway.storage.sources import Media

__all__ = ["AlephRequest", "ExtendRequest", "GenerateRequest", "JobRequest", "RunwayHook", "TaskRequest", "VideoTask"]

_Answer = TypeVar("_Answer")
# Connections to KIE at the same time, at most, of one async client.
_SOCKETS = 100


class RunwayHook(BaseHook):
    """KIE.AI with the key of an Airflow connection: submit, poll, wait, ask for the balance.

    .. code-block:: python

        with RunwayHook() as hook:
            task_id = hook.submit(GenerateRequest(prompt="A fox in the snow", aspect_ratio="16:9"))
            video = hook.wait(task_id)

        async with RunwayHook().a_get_conn() as client:
            video = await client.wait(task_id)

    :param runway_conn_id: The connection, of type ``runway``.
    :param transport: An httpx transport in place of the network, for tests. It serves the sync methods alone:
        :meth:`a_get_conn` refuses to go to the network beside it.
    """

    conn_name_attr = "runway_conn_id"
    default_conn_name = "runway_default"
    conn_type = "runway"
    hook_name = "Runway (KIE.AI)"
    # What time it is, and how it passes, for all that uses a hook.
    clock: Clock = CLOCK
    # Called after each poll of the sync client, with its error if it went wrong.
    on_poll: OnPoll | None = None

    # Later ones read the metadata, and warn of a hook that has these.
    if airflow_version() < (3, 2):
        get_connection_form_widgets = staticmethod(form.get_connection_form_widgets)
        get_ui_field_behaviour = staticmethod(form.get_ui_field_behaviour)

    def __init__(
        self, runway_conn_id: str = default_conn_name, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        super().__init__()
        self.runway_conn_id = runway_conn_id
        self._transport = transport

    @cached_property
    def settings(self) -> Settings:
        """What the connection says.

        :raises ConnectionSettingsError: If there is no such connection, the key is missing or a value cannot work.
        """
        return connections.get_settings(self.runway_conn_id)

    def get_conn(self) -> KieClient:
        """The client, built once; it keeps its connections open until :meth:`close`."""
        return self._client

    @cached_property
    def _client(self) -> KieClient:
        address, timeout, transport = self.settings.address, self.settings.timeout, self._transport
        return KieClient(address, timeout=timeout, transport=transport, clock=self.clock, on_poll=self.on_poll)

    def submit(self, request: Request) -> str:
        """Submit a request. This is what costs money.

        :param request: A :class:`GenerateRequest`, :class:`ExtendRequest`, :class:`AlephRequest`, :class:`JobRequest`
            or :class:`TaskRequest`.
        :return: The id of the task that KIE made.
        :raises AmbiguousSubmissionError: If KIE may have taken it; it must not simply be sent again.
        :raises RunwayError: Any other error means that KIE took nothing.
        """
        client = self.get_conn()
        try:
            return client.submit(request)
        except RunwayError as error:
            raise explained(error, request, client) from error.__cause__

    def submit_job(self, model: str, input: Mapping[str, Any], *, callback_url: str | None = None) -> str:  # noqa: A002 - KIE's name
        """Submit work for any model of KIE's market. This is what costs money; see :meth:`submit`.

        :param model: KIE's name of the model, such as ``"kling-2.6/text-to-video"``.
        :param input: The model's own fields.
        :param callback_url: http(s) URL that KIE posts to when the task has ended.
        :return: The id of the task that KIE made, which is of kind ``"job"``.
        """
        return self.submit(JobRequest(model=model, input=input, callback_url=callback_url))

    def check_job(self, model: str, input: Mapping[str, Any]) -> Sequence[InputFault]:  # noqa: A002 - KIE's name
        """What is wrong with the input of a job, by the model's own schema as KIE has it now: it need not be right.

        Free of charge. KIE answers one such question a second and account.

        :return: What breaks a rule, each with its ``field``, ``value`` and ``rule``; nothing if all is well, or KIE has
            no schema of the model.
        :raises NotFoundError: If KIE knows no such model.
        """
        request = JobRequest(model=model, input=input)
        return input_faults(self.get_conn().input_schema(request.model) or {}, request.input)

    def get_task(self, task_id: str, kind: Kind = "runway") -> VideoTask:
        """Get a task's record: one poll. It orders a ``"veo-1080p"`` or ``"veo-4k"`` that nothing has, and pays for it.

        :param task_id: The task.
        :param kind: ``"runway"`` (generate, extend), ``"aleph"``, ``"job"`` (any other model) or a dedicated family.
        :raises TaskNotFoundError: If KIE has no record of it (a new one may take a moment to show).
        """
        return self._ask(lambda client: client.get_task(task_id, kind))

    def wait(
        self,
        task_id: str,
        kind: Kind = "runway",
        *,
        poll_interval: float = 10.0,
        timeout: float = DEFAULT_WAIT,
        age: float | None = None,
        on_change: OnChange | None = None,
    ) -> VideoTask:
        """Wait for a task to end, in this process; see :meth:`get_task` for the price of two kinds.

        :param task_id: The task.
        :param kind: ``"runway"`` (generate, extend), ``"aleph"``, ``"job"`` (any other model) or a dedicated family.
        :param poll_interval: Seconds, the shortest pause between two polls; at least 1.
        :param timeout: Seconds to wait at most.
        :param age: Seconds since the submission, if that is known: polls are rarer while the video cannot be ready.
        :param on_change: Called with the state and the seconds waited whenever the state changes; logged if left out.
        :return: The finished task, with its video's link.
        :raises GenerationFailedError: If KIE failed the task.
        :raises WaitTimeoutError: If it was not ready in time; it goes on at KIE.
        :raises RunwayError: If it is gone, or too many polls in a row went wrong.
        """
        report = on_change or partial(self.log.info, "Task %s: %s after %.0f s.", task_id)
        began, waits = self.clock.monotonic(), 0

        def wait(client: KieClient) -> VideoTask:
            nonlocal waits
            waits += 1
            waited = self.clock.monotonic() - began
            return client.wait(
                task_id,
                kind,
                poll_interval=poll_interval,
                timeout=timeout if waits == 1 else max(timeout - waited, 1.0),
                age=None if age is None else age + waited,
                on_change=report,
            )

        return self._ask(wait)

    def renew_link(self, task_id: str, dead: str, kind: Kind = "runway", position: int = 0) -> str:
        """Another link to the video of a finished task, where the one at hand has died. Free of charge.

        :param task_id: The task.
        :param dead: The link that no longer works.
        :param kind: ``"runway"`` (generate, extend), ``"aleph"``, ``"job"`` (any other model) or a dedicated family.
        :param position: Which of the files it leads to, where several came of the task; 0 is the first.
        :raises DeadLinkError: If KIE gives no other.
        :raises VideoExpiredError: If the record says that the video was deleted.
        """
        return self._ask(lambda client: client.renew_link(task_id, dead, kind, position))

    def upload(
        self,
        path: str | ObjectStoragePath | PathLike[str],
        *,
        field: str = "path",
        media: Media | None = None,
        on_progress: OnUpload | None = None,
    ) -> Upload:
        """Upload a file to KIE, for 24 hours, where anybody who has the link can fetch it. Free of charge.

        :param path: A path of this machine, or anything that Airflow's ``ObjectStoragePath`` takes. Where ``[runway]
            upload_roots`` is set, one of this machine must be below those folders.
        :param field: The parameter that names it, for messages.
        :param media: ``"picture"`` (JPG or PNG, as KIE takes them) or ``"video"``, if it must be one. A picture may
            have 10 MB at most in any case.
        :param on_progress: Called again and again with the bytes sent and those of the whole file; each quarter of a
            file of more than 1 MB is logged if left out.
        :raises ConnectionSettingsError: If the connection does not say where files go; see ``upload_url``.
        :raises InvalidRequestError: If the file is not what it must be.
        :raises UnreadableFileError: If it is not there or cannot be read.
        :raises RunwayError: If KIE did not take it.
        """
        from airflow_provider_runway.hooks import uploads
        from airflow_provider_runway.kie.uploads import Uploader

        address, timeout = self.settings.require_upload_address(), self.settings.timeout
        uploader = Uploader(address=address, timeout=timeout, transport=self._transport, clock=self.clock)
        return uploads.upload(uploader, path, field=field, media=media, on_progress=on_progress, tell=self.log.info)

    def frame(self, video: Any, save_to: str | ObjectStoragePath | PathLike[str], at: float | str = "last") -> str:
        """Store one picture of a video, as ``RunwayFrameOperator`` does, and say where it is.

        :param video: A result of a task, the address of a file, or a link.
        :param save_to: Where to: a ``.png`` or ``.jpg`` file.
        :param at: ``"last"``, or the seconds after which the picture is seen.
        :raises RunwayError: If the video cannot be used, or the picture not be stored.
        """
        from airflow_provider_runway.film.ffmpeg import find_ffmpeg
        from airflow_provider_runway.film.frame_file import FrameStorer

        return FrameStorer(find_ffmpeg(), lambda: self).store(video, save_to, at=at).path

    def credits(self) -> float:
        """The account's balance in credits (1 credit is about US$0.005). Free of charge."""
        return self.get_conn().credits()

    async def a_get_settings(self) -> Settings:
        """What the connection says, without blocking an event loop."""
        if "settings" not in self.__dict__:
            self.__dict__["settings"] = await connections.a_get_settings(self.runway_conn_id)
        return self.settings

    @asynccontextmanager
    async def a_get_conn(self) -> AsyncIterator[AsyncKieClient]:
        """An async client over aiohttp, with the same methods; closed at the end of the block."""
        if self._transport is not None:
            raise TypeError("a transport in place of the network serves the sync methods alone")
        settings = await self.a_get_settings()
        sender = await AiohttpSender.open(settings.address, timeout=settings.timeout, sockets=_SOCKETS)
        async with AsyncKieClient(settings.address, sender, clock=self.clock) as client:
            yield client

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the balance, which is free: what the form's *Test* button shows."""
        try:
            left = self.credits()
        except RunwayError as error:
            return False, str(error)
        finally:
            self.close()
        return True, f"The key works; {left:g} credits are left."

    def _ask(self, question: Callable[[KieClient], _Answer]) -> _Answer:
        """Ask about a task that is there; if KIE refuses the key, once more with the one that it has now."""
        try:
            return question(self.get_conn())
        except AuthenticationError:
            refused = self.__dict__.pop("settings")
            self.close()
            if self.settings == refused:
                raise
            self.log.info("KIE.AI refused the API key; connection %r has another one now.", self.runway_conn_id)
            return question(self.get_conn())

    def close(self) -> None:
        """Close the connections of the sync client."""
        if "_client" in self.__dict__:
            self.__dict__.pop("_client").close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
