"""The models of KIE, asked of the sandbox by both clients."""

from __future__ import annotations

import asyncio

import pytest
from fakes import GivenTime

from airflow_provider_runway.hooks.runway import RunwayHook
from airflow_provider_runway.kie.errors import InvalidRequestError, NotFoundError
from airflow_provider_runway.kie.models import fields_of
from airflow_provider_runway.sandbox import Refuse, Sandbox

KLING = "kling-2.6/text-to-video"


def test_models_and_their_schemas_are_told(kie: Sandbox) -> None:
    with RunwayHook() as hook:
        models = hook.get_conn().models()
        kie.advance(1.1)
        schema = hook.get_conn().input_schema(KLING)

    [kling] = [model for model in models if model.name == KLING]
    assert (kling.provider, kling.task_types) == ("Kling", ("text-to-video",))
    assert schema is not None
    assert [field.name for field in fields_of(schema)] == ["prompt", "sound", "aspect_ratio", "duration"]


def test_the_async_client_tells_the_same(kie: Sandbox) -> None:
    async def both() -> tuple[object, object]:
        async with RunwayHook().a_get_conn() as client:
            models = await client.models()
            kie.advance(1.1)
            return models, await client.input_schema(KLING)

    with RunwayHook() as hook:
        models = hook.get_conn().models()
        kie.advance(1.1)
        schema = hook.get_conn().input_schema(KLING)
    kie.advance(1.1)
    assert asyncio.run(both()) == (models, schema)


def test_a_second_call_too_soon_is_waited_out(kie: Sandbox, given_time: GivenTime) -> None:
    kie.fault(Refuse(429), on="models", times=1)

    with RunwayHook() as hook:
        assert hook.get_conn().models()


def test_a_model_that_there_is_not_is_said_to_be_none(kie: Sandbox) -> None:
    with RunwayHook() as hook:
        with pytest.raises(NotFoundError, match="Model not found"):
            hook.get_conn().input_schema("nobody/has-it")
        with pytest.raises(InvalidRequestError):
            hook.get_conn().input_schema("two words")
        kie.advance(1.1)
        assert hook.get_conn().input_schema("ideogram/v3-reframe") is None
