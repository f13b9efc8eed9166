"""What Airflow reads of this provider without importing any of it."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-runway",
        "name": "Runway at KIE.AI",
        "description": "Runway video generation at KIE.AI.",
    }
