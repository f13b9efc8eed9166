"""How often a task is tried again where nobody says: a retry finds what was submitted, and pays nothing."""

from __future__ import annotations

import os
from configparser import ConfigParser
from datetime import timedelta
from typing import Any

from airflow_provider_runway.utils.versions import airflow_version, conf

_RETRIES = 2
_RETRY_DELAY = 60
# Older ones keep no record by themselves, and overlook the defaults of operators in mapped tasks.
_RETRIES_ARE_SAFE = (3, 3)


def default_of(option: str, otherwise: int) -> int:
    """What Airflow's configuration says of retries or, where nobody has set that, what is safe with this provider.

    :param option: The name in the section ``[core]``.
    :param otherwise: What is safe.
    """
    is_set = f"AIRFLOW__CORE__{option.upper()}" in os.environ or ConfigParser.has_option(conf, "core", option)
    return conf.getint("core", option) if is_set or airflow_version() < _RETRIES_ARE_SAFE else otherwise


# Airflow reads an operator's own defaults from its signature, for mapped tasks too.
RETRIES = default_of("default_task_retries", _RETRIES)
RETRY_DELAY = timedelta(seconds=default_of("default_task_retry_delay", _RETRY_DELAY))


def fill_in(arguments: dict[str, Any]) -> None:
    """Give a mapped ``@task`` the same defaults, which Airflow overlooks there.

    :param arguments: Those that all its tasks share, as far as somebody has set them.
    """
    arguments.setdefault("retries", RETRIES)
    arguments.setdefault("retry_delay", RETRY_DELAY)
