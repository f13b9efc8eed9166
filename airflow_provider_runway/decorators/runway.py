"""``@task.runway``: a function says what the video is to be, and the task makes it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow.sdk.bases.decorator import DecoratedOperator, TaskDecorator, _TaskDecorator
from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION

from airflow_provider_runway.decorators.question import plain_arguments, question
from airflow_provider_runway.decorators.returned import Returned, ReturnedStore
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.requests import GenerateRequest
from airflow_provider_runway.operators.paths import address
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.utils.failures import as_airflow_failure
from airflow_provider_runway.utils.retry_defaults import fill_in

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg
    from airflow.sdk.definitions._internal.expandinput import ExpandInput
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.definitions.xcom_arg import PlainXComArg


_FIELDS = tuple(item.name for item in fields(GenerateRequest))


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
    function that returned a signed one is called again where a video has to be submitted after all.

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
        self._is_unsigned = False
        plain_arguments(self.python_callable, self.op_args, self.op_kwargs)

    def execute(self, context: Context) -> dict[str, Any]:
        """Call the function, unless an earlier try has submitted what it returned then; submit and wait."""
        with as_airflow_failure():
            earlier = ReturnedStore(context).of_earlier_try(self._question())
            if earlier is not None:
                self.log.info("The function is not called again: an earlier try has used what it returned then.")
            self._fill_in(context, earlier)
        result: dict[str, Any] = super().execute(context)
        return result

    def execute_admitted(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on after the admission queue with what the function had returned."""
        with as_airflow_failure():
            self._fill_in(context, ReturnedStore(context).of_this_try())
        return super().execute_admitted(context, event)

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any],
        deadline: float | None = None,
        submitted_at: str | None = None,
    ) -> dict[str, Any]:
        """Go on after the trigger with what the function had returned."""
        with as_airflow_failure():
            self._fill_in(context, ReturnedStore(context).of_this_try())
        return super().execute_complete(context, event, deadline, submitted_at)

    def refresh(self, context: Context) -> bool:
        """Call the function again, if what it returned is to be sent after all, and signatures are missing in it."""
        if not self._is_unsigned:
            return False
        self.log.info("The function is called again: what it returned has a signed link, and signatures are not kept.")
        self._fill_in(context, None)
        return True

    def _fill_in(self, context: Context, earlier: Returned | None) -> None:
        """Set the fields to what the function returned then, or returns now."""
        for name, value in self._own_fields.items():
            setattr(self, name, value)
        returned = earlier or Returned(self._question(), self._call(context))
        for name, value in returned.fields.items():
            setattr(self, name, value)
        self._is_unsigned = returned.is_unsigned
        if earlier is None:
            # It is to be kept as JSON, so what breaks a rule has to come to light first.
            request = self.build_request()
            fields = {name: getattr(request, name) for name in returned.fields}
            ReturnedStore(context).keep(Returned(returned.question, fields))

    @cached_property
    def _own_fields(self) -> Mapping[str, Any]:
        """The fields as the decorator was given them, after templating."""
        own = {name: getattr(self, name) for name in _FIELDS}
        return {**own, "image_url": None if own["image_url"] is SET_DURING_EXECUTION else own["image_url"]}

    def _call(self, context: Context) -> dict[str, Any]:
        values: dict[str, Any] = {**context, **self.op_kwargs}
        value = self.python_callable(*self.op_args, **self.determine_kwargs(values))
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

    def _question(self) -> str:
        return question(self.python_callable, self.op_args, self.op_kwargs)


async def _result(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
