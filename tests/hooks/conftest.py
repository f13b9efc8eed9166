from __future__ import annotations

import pytest

from .support import Method


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Method:
    return Method(request.param)
