"""Which Airflow this is."""

from __future__ import annotations


def airflow_version() -> tuple[int, int]:
    """The first two numbers of its version, such as (3, 3)."""
    from airflow import __version__

    major, minor, *_ = __version__.split(".")
    return int(major), int(minor)
