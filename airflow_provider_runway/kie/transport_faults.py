"""What went wrong below HTTP, in words of our own: a library's may quote a proxy's password, or what a server said."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator

# How OpenSSL calls an answer that is not TLS.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})


def fault_of(error: BaseException) -> str:
    """The class of a fault and, where the system or TLS says why, that: nothing that came over the network."""
    name = type(error).__name__
    reason = next(filter(None, map(_reason, _chain(error))), None)
    return f"{name}: {reason}" if reason else name


def is_without_tls(error: BaseException) -> bool:
    """Whether the other side does not speak TLS, and so most likely plain HTTP."""
    # Those of aiohttp are of the same classes, and have not all of their attributes.
    return any(getattr(each, "reason", None) in _NO_TLS for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that led to it, each once."""
    to_come: list[object] = [error]
    seen: set[int] = set()
    while to_come:
        each = to_come.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        # Those of aiohttp and of several addresses that were tried come as attributes.
        to_come += [each.__cause__, each.__context__]
        to_come += [getattr(each, name, None) for name in ("os_error", "certificate_error")]
        to_come += getattr(each, "exceptions", ())


def _reason(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = getattr(error, "verify_message", None)
        return f"the certificate is not trusted: {why}".rstrip(".") if why else None
    if isinstance(error, ssl.SSLError):
        return getattr(error, "reason", None)
    # That of aiohttp carries the resolver's number as its own, which is none of the system's.
    if isinstance(getattr(error, "os_error", error), socket.gaierror):
        return "the name of the host is not known"
    if "Proxy" in type(error).__name__:
        return _proxys_status(error)
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number is not None and number in errno.errorcode else None


def _proxys_status(error: BaseException) -> str | None:
    """The HTTP status by which a proxy refuses."""
    found = re.match(r"\d{3}\b", str(getattr(error, "status", None) or error))
    if found is None:
        return None
    hint = ", it wants other credentials" if found[0] == "407" else ""
    return f"the proxy answered with HTTP status {found[0]}{hint}"
