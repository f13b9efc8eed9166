"""``airflow runway callbacks``: whether KIE.AI's calls would arrive."""

from __future__ import annotations

import secrets
import time
from argparse import Namespace
from typing import Any

from airflow_provider_runway.cli.ending import ExitCode, command, end
from airflow_provider_runway.cli.showing import show
from airflow_provider_runway.hooks.callbacks import GOOD, callback_base_url, send_call
from airflow_provider_runway.hooks.connections import get_settings
from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.callback_tokens import CallbackToken
from airflow_provider_runway.kie.rules import BASE_URL_RULE, is_base_url
from airflow_provider_runway.kie.texts import shorten
from airflow_provider_runway.kie.web_pages import page


@command
def check(arguments: Namespace) -> None:
    """Send one call, as KIE.AI does, through the public address, and print what came of it."""
    settings = get_settings(arguments.conn_id)
    base = arguments.url or callback_base_url(settings)
    if base is None:
        how = "set [runway] callback_base_url, or 'callback_base_url' in the connection's extra, or give --url"
        end(ExitCode.WRONG, f"Nothing says where KIE.AI reaches Airflow's API server: {how}. See {_PAGE}.")
    if not is_base_url(base):
        end(ExitCode.WRONG, f"--url {BASE_URL_RULE}.")
    status, answer = _call(settings, arguments.conn_id, base)
    if status != 200 or answer.get("status") != "check":  # noqa: PLR2004 - HTTP's own
        end(ExitCode.REFUSED, f"{base} answered with status {status}: {_meaning(status, answer)} See {_PAGE}.")
    signed = "set and accepted" if answer.get("is_signed") is True else "not set"
    show(
        {
            "url": base,
            "reached": True,
            "token": "accepted",
            "webhook_secret": signed,
            "wakes_tasks": answer.get("wakes") is True,
            "airflow": shorten(str(answer.get("airflow"))),
        },
        arguments.output,
    )
    if answer.get("wakes") is not True:
        end(ExitCode.REFUSED, "Calls arrive, and this provider cannot wake tasks on that Airflow: they are polled for.")
    if settings.webhook_secret is not None and answer.get("is_signed") is not True:
        said = "this connection has a webhook_secret here, and the API server's has none: it checks no signatures"
        end(ExitCode.REFUSED, f"Calls arrive, and {said}.")


def _call(settings: Settings, conn_id: str, base: str) -> tuple[int, dict[str, Any]]:
    """Call, and read the answer: its status, and what it says."""
    import httpx

    nonce, expires_at = secrets.token_hex(8), int(time.time()) + GOOD
    token = CallbackToken(conn_id=conn_id, dag_id="", run_id="", task_id="check", nonce=nonce, expires_at=expires_at)
    try:
        return send_call(settings, base, token)
    except (httpx.HTTPError, httpx.InvalidURL, ImportError) as error:
        # What is no address may have a password in it.
        reason = "the proxy's address is none" if isinstance(error, httpx.InvalidURL) else shorten(str(error))
        reason = reason or type(error).__name__
        end(ExitCode.REFUSED, f"{base} was not reached from here ({reason}). See {_PAGE}.")


def _meaning(status: int, answer: dict[str, Any]) -> str:
    detail = answer.get("detail")
    if status == 401 and detail and "webhook" in str(detail):  # noqa: PLR2004 - HTTP's own
        return "it has another webhook_secret for this connection than is here."
    if status == 401 and detail and "signed with a key" in str(detail):  # noqa: PLR2004 - same
        return "it has another API key for this connection than is here, or does not find the connection."
    if 300 <= status < 400:  # noqa: PLR2004 - same
        return "it redirects, and KIE.AI is not known to follow."
    return "it is not the receiver of callbacks that answers: the path /runway/callback/ has to lead to the API server."


_PAGE = page("callbacks.md")
