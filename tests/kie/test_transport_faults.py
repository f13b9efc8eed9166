from __future__ import annotations

import errno
import socket
import ssl

import httpx
import pytest

from airflow_provider_runway.kie.transport_faults import fault_of, is_without_tls


def caused(error: BaseException, by: BaseException) -> BaseException:
    error.__cause__ = by
    return error


def tls(kind: type[ssl.SSLError], **attributes: str) -> ssl.SSLError:
    error = kind(1, "hush-hush")
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ValueError("hush-hush"), "ValueError"),
        (TimeoutError(), "TimeoutError"),
        (OSError("hush-hush"), "OSError"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "hush-hush"), "ConnectionRefusedError: Connection refused"),
        (
            caused(httpx.ConnectError("hush-hush"), OSError(errno.ENETUNREACH, "hush-hush")),
            "ConnectError: Network is unreachable",
        ),
        (
            caused(httpx.ConnectError(""), socket.gaierror(-2, "hush-hush")),
            "ConnectError: the name of the host is not known",
        ),
        (OSError(-2, "hush-hush"), "OSError"),
        (OSError(123456, "hush-hush"), "OSError"),
        (caused(httpx.ConnectError(""), tls(ssl.SSLError, reason="TLSV1_ALERT_X")), "ConnectError: TLSV1_ALERT_X"),
        (
            tls(ssl.SSLCertVerificationError, verify_message="certificate has expired"),
            "SSLCertVerificationError: the certificate is not trusted: certificate has expired",
        ),
        (httpx.ProxyError("503 hush-hush"), "ProxyError: the proxy answered with HTTP status 503"),
        (httpx.ProxyError("hush-hush"), "ProxyError"),
        (caused(ValueError("x"), caused(ValueError("y"), OSError(errno.EPIPE, "z"))), "ValueError: Broken pipe"),
    ],
)
def test_a_fault_is_named_by_its_class_and_the_systems_own_reason(error: BaseException, shown: str) -> None:
    assert fault_of(error) == shown


@pytest.mark.parametrize(
    ("by", "shown"),
    [
        (socket.gaierror(socket.EAI_NONAME, "hush-hush"), "the name of the host is not known"),
        (socket.gaierror(errno.ENOEXEC, "hush-hush"), "the name of the host is not known"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "hush-hush"), "Connection refused"),
    ],
)
def test_a_fault_of_aiohttp_is_told_by_what_led_to_it(by: OSError, shown: str) -> None:
    from aiohttp import ClientConnectorDNSError, ClientConnectorError
    from aiohttp.client_reqrep import ConnectionKey

    host = ConnectionKey("kie.invalid", 443, True, True, None, None, None)
    assert fault_of(ClientConnectorDNSError(host, by)) == f"ClientConnectorDNSError: {shown}"
    assert fault_of(ClientConnectorError(host, by)) == f"ClientConnectorError: {shown}"


def test_those_of_several_addresses_are_looked_into() -> None:
    class Several(Exception):  # noqa: N818 - stands for those of Python 3.11
        exceptions = (OSError(errno.ECONNREFUSED, "x"), OSError(errno.ENETUNREACH, "y"))

    assert fault_of(caused(OSError("All attempts failed"), Several())) == "OSError: Connection refused"


def test_errors_that_go_round_in_a_circle_have_an_end() -> None:
    one, other = ValueError("x"), ValueError("y")
    one.__cause__, other.__cause__ = other, one
    assert fault_of(one) == "ValueError"


@pytest.mark.parametrize("reason", ["WRONG_VERSION_NUMBER", "HTTP_REQUEST"])
def test_what_does_not_speak_tls_is_known(reason: str) -> None:
    assert is_without_tls(caused(httpx.ConnectError("x"), tls(ssl.SSLError, reason=reason)))
    assert not is_without_tls(caused(httpx.ConnectError("x"), tls(ssl.SSLError, reason="CERTIFICATE_VERIFY_FAILED")))
    assert not is_without_tls(httpx.ConnectError(reason))
