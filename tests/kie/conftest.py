from __future__ import annotations

from pathlib import Path

import pytest

from .connecting import Proxied, self_signed


@pytest.fixture(scope="session")
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("authorities"))


@pytest.fixture
def quick_tls(few_authorities: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that trust one authority are made twenty times faster than those that trust the world's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(few_authorities))


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Proxied:
    for name in ("ALL_PROXY", "NO_PROXY", "all_proxy", "no_proxy", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)

    def set_proxy(port: int, credentials: str = "") -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://{credentials}127.0.0.1:{port}")

    return set_proxy
