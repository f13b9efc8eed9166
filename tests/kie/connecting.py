"""The clients on real connections: how they are made, with TLS that is quick, and through proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

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


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 together with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


class Proxied(Protocol):
    """Names a proxy on this machine in the environment."""

    def __call__(self, port: int, credentials: str = "") -> None: ...
