"""The provider's section of Airflow's configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.prices import CREDITS


def read_prices() -> Mapping[str, float]:
    """Credits by the name of a price: the built-in ones, with those of ``[runway] prices`` in their place.

    :raises InvalidRequestError: If the option is not a JSON object of known names and numbers.
    """
    from airflow.sdk.configuration import conf

    text = conf.get("runway", "prices", fallback="") or "{}"
    try:
        own = json.loads(text)
    except ValueError:
        own = None
    if not isinstance(own, dict) or not all(map(_is_price, own.values())) or own.keys() - CREDITS.keys():
        raise InvalidRequestError(
            "[runway] prices", text, f"must be a JSON object of credits, with names among {', '.join(CREDITS)}"
        )
    return {**CREDITS, **own}


def _is_price(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
