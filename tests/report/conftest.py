"""The page "Videos" on a real Airflow database, as its own tests have it."""

from __future__ import annotations

from plugin.conftest import database, database_file, login

__all__ = ["database", "database_file", "login"]
