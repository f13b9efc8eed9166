"""What a day may cost, and whose day it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from airflow_provider_runway.utils.config import read_daily_credit_limit

if TYPE_CHECKING:
    from airflow_provider_runway.hooks.settings import Settings

# So many digits tell an account from all others.
_DIGITS = 16


def daily_credit_limit(settings: Settings) -> float | None:
    """Credits that a day may cost: as the connection says, otherwise ``[runway] daily_credit_limit``.

    :param settings: The connection.
    :return: ``None`` if neither says so.
    :raises InvalidRequestError: If the option is no number of credits above 0.
    """
    limit = settings.daily_credit_limit
    return read_daily_credit_limit() if limit is None else limit


def account_of(settings: Settings) -> str:
    """What the ledgers of an account are known by: 16 hexadecimal digits, from which nobody finds out its key.

    Connections with the same key and host share them, whatever they are called.

    :param settings: The connection.
    """
    address = settings.address
    text = f"daily_credit_limit\n{address.base_url}\n{address.api_key}"
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
