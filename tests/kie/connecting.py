"""The clients on real connections: how they are made, and through proxies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest

from airflow_provider_runway.kie.address import Address

from .clients import KEY, Service
from .support import NO_JITTER

Connect = Callable[..., Service]


def connecting(kinds: list[type[Any]]) -> Callable[[pytest.FixtureRequest], Iterator[Connect]]:
    @pytest.fixture(params=kinds, ids=lambda kind: kind.__name__.removesuffix("Service").lower())
    def fixture(request: pytest.FixtureRequest) -> Iterator[Connect]:
        made: list[Service] = []

        def make(url: str, **options: Any) -> Service:
            address = Address(api_key=KEY, base_url=url)
            made.append(request.param(address, **{"timeout": 5.0, "retry_rules": NO_JITTER, **options}))
            return made[-1]

        yield make
        for each in made:
            each.close()

    return fixture


class Proxied(Protocol):
    """Names a proxy on this machine in the environment."""

    def __call__(self, port: int, credentials: str = "") -> None: ...
