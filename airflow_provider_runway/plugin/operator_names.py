"""The names by which Airflow knows tasks of this provider."""

from __future__ import annotations

OPERATORS = (
    "KieJobOperator",
    "KieTaskOperator",
    "RunwayAlephOperator",
    "RunwayDecoratedOperator",
    "RunwayExtendOperator",
    "RunwayGenerateOperator",
    "RunwayToObjectStorageOperator",
    "RunwayVideoSensor",
    "VideoComposeOperator",
)
# They make no video that is paid: their videos are those of other tasks.
FREE_OPERATORS = frozenset({"RunwayToObjectStorageOperator", "RunwayVideoSensor", "VideoComposeOperator"})
