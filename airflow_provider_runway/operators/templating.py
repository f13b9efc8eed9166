"""What templates make of an operator's parameters: texts stay texts, and a text that is needed is there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.definitions.mappedoperator import MappedOperator
from jinja2 import Environment, TemplateError, Undefined, pass_context
from jinja2.nativetypes import NativeEnvironment

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.operators.parameters import HOLDERS, is_literal, is_nothing, optional
from airflow_provider_runway.operators.paths import address, is_path

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from jinja2.runtime import Context as Variables

    from airflow_provider_runway.hooks.runway import RunwayHook

    _Operator = BaseOperator
else:
    _Operator = object


class RenderedTexts(_Operator):
    """An operator whose templates give texts, also with ``render_template_as_native_obj=True``.

    Jinja's native rendering evaluates each text that comes out as if it were Python: ``2026`` becomes a number,
    ``'A fox'`` loses its quotes, JSON becomes a mapping. Here a text is a text. Only a template that is one single
    expression gives what that expression is, if it is no text: ``"{{ params.seconds }}"`` a number.
    """

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a parameter, or what stands within one, as Airflow does, but for native texts.

        :raises airflow.exceptions.AirflowFailException: If a template cannot be rendered: no retry can help that.
        """
        self._given  # noqa: B018 - this is the last moment to see the templates
        try:
            return self._rendered(content, context, jinja_env, seen_oids)
        except TemplateError as error:
            if is_resumed(context, "execute_complete"):  # all that is needed by then was kept
                self.log.warning("A template cannot be rendered any more (%s: %s).", type(error).__name__, error)
                return None
            _refuse(content, error, context, getattr(self, "hook", None))

    def _rendered(
        self, content: Any, context: Context, jinja_env: Environment | None, seen_oids: set[int] | None
    ) -> Any:
        if isinstance(content, PurePath) and not hasattr(content, "protocol"):
            return content  # Airflow 3.1 would resolve it, on the disk
        is_template = not seen_oids or id(content) not in seen_oids  # what another task has said is none
        if isinstance(content, str) and is_template:
            jinja_env = jinja_env or self.get_template_env()
            if isinstance(jinja_env, NativeEnvironment):
                return _render_natively(content, context, jinja_env, tuple(self.template_ext))
        return super().render_template(content, context, jinja_env, seen_oids)

    @property
    def _given(self) -> Mapping[str, Any]:
        """The templated parameters as they were before rendering."""
        given: dict[str, Any] = self.__dict__.setdefault(
            "_before_rendering", {name: getattr(self, name) for name in self.template_fields}
        )
        return given

    def was_given(self, name: str) -> bool:
        """Whether a templated parameter was more than ``None`` before rendering, or the task is mapped over it."""
        if self.__dict__.get("_before_rendering", self.__dict__)[name] is not None:
            return True
        mapped = self.dag.task_dict.get(self.task_id) if self.has_dag() else None  # type: ignore[no-untyped-call]
        return (
            isinstance(mapped, MappedOperator)
            and name not in mapped.partial_kwargs
            and name in self.__dict__.get("_BaseOperator__init_kwargs", {})
        )

    def text(self, name: str) -> Any:
        """A text parameter after templating: what its template gave as a text, and a path object as its address.

        What is no text and came from no template stays as it is, to be refused by name.
        """
        value = getattr(self, name)
        if value is None or isinstance(value, str) or self._template(name) is None or is_path(value):
            return address(value)
        return str(value)

    def needed(self, name: str) -> Any:
        """A text parameter that must be there.

        :raises InvalidRequestError: If its template has come to nothing: ``None``, an empty text or white space.
        """
        value, template = self.text(name), self._template(name)
        if template is not None and is_nothing(value):
            raise _nothing(name, value, template)
        return value

    def optional(self, name: str, default: Any = None) -> Any:
        """A text parameter that may be left out, or that has come to nothing: then the default."""
        return optional(self.text(name), default)

    def given_fields(self, name: str) -> Any:
        """A parameter that holds fields of the request.

        :raises InvalidRequestError: If a template within it has come to ``None`` as a text, or the prompt to nothing.
        """
        value = optional(getattr(self, name), {})
        if name in HOLDERS:
            from airflow_provider_runway.operators.named_files import with_marked_paths

            value = with_marked_paths(name, value)
        _check_within(name, self.__dict__.get("_before_rendering", {}).get(name), value)
        return value

    def needed_fields(self, name: str) -> Any:
        """A parameter that holds fields of the request, of which there must be some.

        :raises InvalidRequestError: If what stands for them has come to nothing; and as :meth:`given_fields`.
        """
        value, given = self.given_fields(name), self.__dict__.get("_before_rendering", {}).get(name)
        if not value and not is_literal(given):
            raise _nothing(name, getattr(self, name), given)
        return value

    def _template(self, name: str) -> str | None:
        given = self.__dict__.get("_before_rendering", {}).get(name)
        return given if isinstance(given, str) and not is_literal(given) else None


def is_resumed(context: Context, *methods: str) -> bool:
    """Whether the task comes back from the triggerer to one of these methods."""
    server = getattr(context.get("ti"), "_ti_context_from_server", None)
    return getattr(server, "next_method", None) in methods


def _refuse(template: object, error: TemplateError, context: Context, hook: RunwayHook | None) -> NoReturn:
    from airflow_provider_runway.operators.earlier_tries import EarlierTries
    from airflow_provider_runway.utils.failures import fail_for_good

    refusal = InvalidRequestError("a template", template, f"cannot be rendered ({type(error).__name__}: {error})")
    what = "Correct it, or what it refers to, and clear this task"
    is_first = getattr(context.get("ti"), "try_number", 1) <= 1
    advice = f"{'Nothing was paid' if is_first else 'This try has paid nothing'}. {what}"
    with suppress(Exception):  # it only makes the message better
        if hook is not None:
            tries = EarlierTries(hook, context, hook.log)
            tries.read()
            if tries.submission is not None and tries.is_open:
                task_id = tries.submission.task_id
                named = f"Task {task_id} is paid" if task_id else "It may be paid"
                advice = f"An earlier try has submitted. {named}. Correct the template, and clear this task"
    fail_for_good(refusal.replace(*refusal.args, advice))


def _render_natively(text: str, context: Context, env: Environment, extensions: tuple[str, ...]) -> Any:
    if env.finalize is None:
        env = env.overlay(finalize=_as_it_is)
    template = env.get_template(text) if extensions and text.endswith(extensions) else env.from_string(text)
    variables = {**template.globals, **context}
    try:
        pieces: list[Any] = list(
            template.root_render_func(env.context_class(env, variables, template.name, template.blocks))
        )
        if len(pieces) == 1 and not isinstance(pieces[0], (str, Undefined)):
            return pieces[0]
        return "".join(map(str, pieces))
    except Exception:  # noqa: BLE001 - jinja's own way, which raises it again with the template's lines
        env.handle_exception()


@pass_context
def _as_it_is(_variables: Variables, value: Any) -> Any:
    """What an expression has come to. With it jinja evaluates no expression, not even a constant, while compiling."""
    return value


def _check_within(name: str, given: Any, value: Any) -> None:
    """Find a template that has come to the text ``None``, which no model wants to be told."""
    if isinstance(given, Mapping) and isinstance(value, Mapping):
        for key in given:
            _check_within(f"{name}[{key!r}]", given[key], value.get(key))
    elif isinstance(given, (list, tuple)) and isinstance(value, (list, tuple)):
        for position, each in enumerate(zip(given, value, strict=False)):
            _check_within(f"{name}[{position}]", *each)
    elif given is not None and not is_literal(given):
        for key in value if isinstance(value, Mapping) else ():
            _check_within(f"{name}[{key!r}]", given, value[key])
        is_text_none = isinstance(given, str) and isinstance(value, str) and value.strip() == "None"
        if is_text_none or (name.endswith("['prompt']") and is_nothing(value)):
            raise _nothing(name, value, given)


def _nothing(name: str, value: object, given: object) -> InvalidRequestError:
    source = f"its template {given!r}" if isinstance(given, str) else "what another task has returned for it"
    return InvalidRequestError(name, value, f"must not come to nothing, as {source} does")
