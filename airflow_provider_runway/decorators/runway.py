"""``@task.runway``: a function says what the video is to be, and the task makes it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow.sdk.bases.decorator import DecoratedOperator, TaskDecorator, _TaskDecorator
from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION

from airflow_provider_runway.decorators.question import plain_arguments, question
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.requests import GenerateRequest, Request
from airflow_provider_runway.kie.signed_urls import unsigned, with_urls
from airflow_provider_runway.operators.paths import address
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.utils.retry_defaults import fill_in
from airflow_provider_runway.utils.versions import keyword_arguments

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg
    from airflow.sdk.definitions._internal.expandinput import ExpandInput
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.definitions.xcom_arg import PlainXComArg

    from airflow_provider_runway.operators.lifecycle import VideoLifecycle
    from airflow_provider_runway.operators.task_state import TaskState
    from airflow_provider_runway.operators.video_job import VideoJob

RETURNED_KEY = "runway_function"
# What a function was asked, where what it has returned is not kept for the retries: no prompt goes into a folder.
QUESTION_KEY = "runway_question"
_FIELDS = tuple(item.name for item in fields(GenerateRequest))
# What is said in them is part of the video, even where it is a URL.
_TEXTS = {"prompt", "watermark"}


def runway_task(
    python_callable: Callable[..., Any] | None = None, *, multiple_outputs: bool = True, **kwargs: Any
) -> TaskDecorator:
    """Make a video of what a function returns: the prompt, or a mapping of request fields.

    .. code-block:: python

        @task.runway(aspect_ratio="16:9", retries=2)
        def make_video(title: str) -> str:
            return f"{title}, filmed from a slow tram."

    The function is called when the task runs, with the arguments and the context that any ``@task`` function gets. What
    it returns is not rendered as a template. A mapping may have ``prompt``, ``image_url``, ``duration``, ``quality``,
    ``aspect_ratio``, ``watermark``, ``callback_url`` and ``extra_fields``; what it has takes the place of what the
    decorator was given.

    What the function has returned for a video that is submitted is kept for the retries: they wait on that video, and
    do not call the function again, unless its source or its arguments have changed. Signatures of URLs are not kept: a
    function that returned a signed one is called again where a video has to be submitted after all. Below Airflow 3.3,
    with a records folder, a retry calls the function again and waits on that video whatever it returns.

    :param python_callable: The function.
    :param multiple_outputs: Push the result key by key as well.
    :param kwargs: Parameters of
        :class:`~airflow_provider_runway.operators.runway.RunwayGenerateOperator` but ``prompt``, and of any operator.
    """

    def decorate(function: Callable[..., Any]) -> _RunwayTask:
        return _RunwayTask(
            function=function,
            multiple_outputs=multiple_outputs,
            operator_class=RunwayDecoratedOperator,
            kwargs=kwargs,
        )

    return cast("TaskDecorator", decorate if python_callable is None else decorate(python_callable))


class _RunwayTask(_TaskDecorator[Any, Any, "RunwayDecoratedOperator"]):
    """A decorated function, and what calling or mapping it makes."""

    def _expand(self, expand_input: ExpandInput, *, strict: bool) -> XComArg:
        made = super()._expand(expand_input, strict=strict)
        fill_in(cast("MappedOperator", cast("PlainXComArg", made).operator).partial_kwargs)
        return made


@dataclass(frozen=True, slots=True)
class _Returned:
    """What a function returned, kept for the way back from a trigger and for retries.

    :param question: Digits that are the same for the same function and arguments.
    :param fields: The request's fields.
    :param is_unsigned: Whether signatures of URLs were left out of them: good for waiting, and not for sending.
    """

    question: str
    fields: Mapping[str, Any]
    is_unsigned: bool = False

    @classmethod
    def read(cls, state: TaskState) -> _Returned | None:
        """What it returned in this try, or in an earlier one."""
        value = state.get_private(RETURNED_KEY)
        return cls(value["question"], value["fields"], bool(value.get("is_unsigned"))) if value else None

    def write(self, state: TaskState) -> None:
        """Keep it in place of what was there before, without the signatures of URLs: the state is shown in the UI."""
        urls = {name: value for name, value in self.fields.items() if name not in _TEXTS}
        fields = {**self.fields, **with_urls(urls, unsigned)}
        is_unsigned = fields != dict(self.fields)
        state.set_private(RETURNED_KEY, {"question": self.question, "fields": fields, "is_unsigned": is_unsigned})
        if not state.keeps_private:
            state.set(QUESTION_KEY, {"question": self.question})


class RunwayDecoratedOperator(DecoratedOperator, RunwayGenerateOperator):
    """The operator behind :func:`runway_task`.

    :param python_callable: The function.
    :param op_args: Its positional arguments. (templated)
    :param op_kwargs: Its keyword arguments. (templated)
    :param image_url: As in ``RunwayGenerateOperator``; the function may return it instead. (templated)
    """

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, *RunwayGenerateOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **RunwayGenerateOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.runway"
    _renew: Callable[[], Request] | None = None
    _repeats = False
    # What is shown as rendered is then what was sent.
    overwrite_rtif_after_execution = True

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        image_url: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "prompt" in kwargs:
            raise InvalidRequestError("prompt", kwargs["prompt"], "is what the function returns")
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            prompt=SET_DURING_EXECUTION,
            image_url=SET_DURING_EXECUTION if image_url is None else image_url,
            **kwargs,
        )
        plain_arguments(self.python_callable, self.op_args, self.op_kwargs)

    def _request(self, context: Context, lifecycle: VideoLifecycle, *, is_resumed: bool) -> Request:
        """What the function returns, or has returned for a video that this task has submitted or is submitting."""
        returned = _Returned.read(lifecycle.state)
        asked = question(self.python_callable, self.op_args, self.op_kwargs)
        if returned is not None and not is_resumed:
            if lifecycle.earlier.is_open and returned.question == asked:
                self.log.info("The function is not called again: an earlier try has used what it returned then.")
            else:
                returned = None

        def call() -> Request:
            fields = self._call(context)
            request = self._build_with(fields)
            # The fields of the request are JSON, which what the function returned need not be.
            _Returned(asked, {name: getattr(request, name) for name in fields}).write(lifecycle.state)
            return request

        if returned is None:
            known = None if is_resumed or lifecycle.state.keeps_private else lifecycle.state.get(QUESTION_KEY)
            self._repeats = lifecycle.earlier.is_open and known is not None and known.get("question") == asked
            return call()

        def renew() -> Request:
            self.log.info(
                "The function is called again: what it returned has a signed link, and signatures are not kept."
            )
            return call()

        self._renew = renew if returned.is_unsigned else None
        return self._build_with(returned.fields)

    def _submitted_request(self, lifecycle: VideoLifecycle) -> Request | None:
        """What was asked for, if that is still kept: the function is not called for a video that is paid."""
        returned = _Returned.read(lifecycle.state)
        with suppress(InvalidRequestError):
            return None if returned is None else self._build_with(returned.fields)
        return None

    def _job(self) -> VideoJob:
        return replace(super()._job(), renew_request=self._renew, repeats=self._repeats)

    def _build_with(self, fields: Mapping[str, Any]) -> Request:
        for name, value in {**self._own_fields, **fields}.items():
            setattr(self, name, value)
        return self.build_request()

    @cached_property
    def _own_fields(self) -> Mapping[str, Any]:
        """The fields as the decorator was given them, after templating."""
        own = {name: getattr(self, name) for name in _FIELDS}
        return {**own, "image_url": None if own["image_url"] is SET_DURING_EXECUTION else own["image_url"]}

    def _call(self, context: Context) -> dict[str, Any]:
        values: dict[str, Any] = {**context, **self.op_kwargs}
        value = self.python_callable(*self.op_args, **keyword_arguments(self.python_callable, self.op_args, values))
        if inspect.isawaitable(value):
            value = asyncio.run(_result(value))
        if isinstance(value, str):
            return {"prompt": value}
        if not isinstance(value, Mapping) or "prompt" not in value:
            raise InvalidRequestError(
                f"what {self.python_callable.__name__} returns", value, "must be the prompt, or a mapping that has one"
            )
        unknown = [name for name in value if name not in _FIELDS]
        if unknown:
            raise InvalidRequestError(
                f"what {self.python_callable.__name__} returns", unknown, f"may have the keys {', '.join(_FIELDS)}"
            )
        # A path object cannot be kept, and the text leads to the same file.
        return {name: address(each) if name == "image_url" else each for name, each in value.items()}


async def _result(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
