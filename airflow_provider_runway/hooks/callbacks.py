"""Where KIE.AI is to call back, and calls of our own that go the same way."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.callback_tokens import callback_url
from airflow_provider_runway.kie.proxies import proxy_for
from airflow_provider_runway.kie.signatures import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature
from airflow_provider_runway.utils.config import read_callback_base_url

if TYPE_CHECKING:
    import httpx

    from airflow_provider_runway.hooks.settings import Settings
    from airflow_provider_runway.kie.callback_tokens import CallbackToken

# Seconds that KIE waits for an answer.
PATIENCE = 15.0
# Seconds for which the address of such a call is good.
GOOD = 300
# Bytes of an answer that are read.
_MOST = 65_536


def callback_base_url(settings: Settings) -> str | None:
    """The URL that the connection names, otherwise that of ``[runway] callback_base_url``; ``None`` if neither does.

    :param settings: The connection.
    :raises InvalidRequestError: If the option is no URL that a path can be added to.
    """
    return settings.callback_base_url or read_callback_base_url()


def send_call(
    settings: Settings, base: str, token: CallbackToken, patience: float = PATIENCE
) -> tuple[int, dict[str, Any]]:
    """Call the receiver as KIE.AI does, through the public address.

    :param settings: The connection.
    :param base: The public address.
    :param token: What the call is for.
    :param patience: Seconds for connecting, and for all that comes after it until the answer is there.
    :return: The answer's status, and what it says; ``{}`` where it is none of the receiver's.
    :raises httpx.HTTPError: If there is no answer.
    :raises httpx.InvalidURL: If the proxy that the environment names is none.
    :raises ImportError: If httpx lacks a library for that proxy.
    """
    from airflow_provider_runway.kie.deadline_transport import Deadline

    logging.getLogger("httpx").addFilter(_tells_no_token)
    now, task_id = str(int(time.time())), f"check-{token.nonce}"
    headers = {"Content-Type": "application/json"}
    if settings.webhook_secret is not None:
        headers[TIMESTAMP_HEADER] = now
        headers[SIGNATURE_HEADER] = signature(settings.webhook_secret, task_id, now)
    body = json.dumps({"code": 200, "msg": "success", "data": {"task_id": task_id}})
    url = callback_url(base, token.sign(settings.address.api_key))
    bound = {"deadline": Deadline(patience, patience)}
    with (
        _client(url, patience) as client,
        client.stream("POST", url, content=body, headers=headers, extensions=bound, follow_redirects=False) as reply,
    ):
        return reply.status_code, _object(next(reply.iter_bytes(_MOST), b""))


def _client(url: str, patience: float) -> httpx.Client:
    import httpx

    from airflow_provider_runway.kie.deadline_transport import BoundedTransport

    return httpx.Client(transport=BoundedTransport(proxy_for(url)), timeout=patience)


def _tells_no_token(record: logging.LogRecord) -> bool:
    """Whether a line of httpx's own, which tell whole addresses, may stand in a log."""
    return _PATH not in record.getMessage()


_PATH = callback_url("", "")


def send_probe(settings: Settings, token: CallbackToken, now: float) -> bool:
    """See whether a call for a submission arrives, and have the receiver note that.

    :param settings: The connection.
    :param token: That of the submission.
    :param now: Epoch seconds.
    :return: Whether it has arrived.
    """
    import httpx

    base = callback_base_url(settings)
    if base is None:
        return False
    try:
        status, answer = send_call(settings, base, token.as_probe(int(now) + GOOD), _PROBE_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError):  # the environment's proxy may be any
        return False
    return status == httpx.codes.OK and answer.get("status") == "watched"


# Seconds; what takes longer is too long for whoever is about to submit.
_PROBE_PATIENCE = 5.0


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
