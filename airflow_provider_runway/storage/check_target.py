"""Trying a target before anything is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_runway.kie.errors import TargetExistsError
from airflow_provider_runway.storage.locate import address_of, locate
from airflow_provider_runway.storage.target import checksum, storing

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_runway.storage.locate import AnyPath


def check_target(save_to: AnyPath, own: Collection[str] | None) -> None:
    """Find out before anything is paid whether a video can be stored, by storing something small and removing it.

    :param save_to: The target, as the operator was given it.
    :param own: Checksums (SHA-256) of what this very task has stored there before: that may be replaced.
    :raises TargetExistsError: If another file is there.
    :raises TargetUnwritableError: If nothing can be written there, if there is no such connection, or if no installed
        provider knows the scheme.
    """
    with storing(save_to):
        address = address_of(save_to)
        place = locate(address, "video.mp4")
        taken = place.size() is not None and not address.endswith("/")
        if taken and own:
            taken = checksum(place).sha256 not in own
    if taken:
        raise TargetExistsError(
            f"There is a file at {place.uri} already, and this task did not make it.",
            detail="Nothing was sent or paid. Remove it or choose another save_to; a template such as {{ run_id }} "
            "gives each run a path of its own.",
        )
    with storing(save_to):
        place.probe()
