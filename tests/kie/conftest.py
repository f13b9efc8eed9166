from __future__ import annotations

import pytest

from .connecting import Proxied


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Proxied:
    for name in ("ALL_PROXY", "NO_PROXY", "all_proxy", "no_proxy", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)

    def set_proxy(port: int, credentials: str = "") -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://{credentials}127.0.0.1:{port}")

    return set_proxy
