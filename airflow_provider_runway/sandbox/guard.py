"""Who may ask the sandbox: programs of this machine, by its own names.

A page of the internet, open in a browser of this machine, could steer it otherwise: its controls need no key.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_runway.sandbox.settings import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_runway.sandbox.settings import SandboxSettings


def refusal_of(settings: SandboxSettings, headers: Mapping[str, str]) -> str | None:
    """Why a request is not answered; None if it is."""
    host = _name(f"//{headers.get('host', LOOPBACK[0])}")
    public = {_name(settings.public_url)} if settings.public_url else set()
    if "*" not in settings.hosts and host not in {*settings.hosts, *public}:
        return f"This sandbox is not asked by the name {host!r}: see its setting hosts."
    if "origin" in headers and _name(headers["origin"]) not in {host, *LOOPBACK, *public}:
        return "This sandbox is not asked by pages from elsewhere."
    return None


def opened(settings: SandboxSettings, host: str) -> SandboxSettings:
    """The settings for an interface: by every name, where it is not this machine's own loopback."""
    return settings if host in LOOPBACK else replace(settings, hosts=("*",))


def warning_of(host: str) -> str | None:
    """What somebody has to know who lets the sandbox listen on an interface; None for this machine's own."""
    if host in LOOPBACK:
        return None
    return (
        f"Warning: the sandbox listens on {host}. Whoever reaches this port can look into it and steer it, "
        "and needs no key to do so."
    )


def _name(url: str) -> str:
    """The host's name in a URL; a text that is no host's if there is none."""
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"
