"""Where KIE.AI is to call back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.utils.config import read_callback_base_url

if TYPE_CHECKING:
    from airflow_provider_runway.hooks.settings import Settings


def callback_base_url(settings: Settings) -> str | None:
    """The URL that the connection names, otherwise that of ``[runway] callback_base_url``; ``None`` if neither does.

    :param settings: The connection.
    :raises InvalidRequestError: If the option is no URL that a path can be added to.
    """
    return settings.callback_base_url or read_callback_base_url()
