"""The shape of a picture that was handed in."""

from __future__ import annotations

import io

from PIL import Image  # noqa: TID253 - this module is imported when a picture has been uploaded

from airflow_provider_runway.sandbox.video.clip import RATIOS


def nearest_ratio(picture: bytes) -> str | None:
    """Which aspect ratio a picture comes nearest to; None when it is no picture."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            shape: float = image.width / image.height
    except (OSError, ValueError, Image.DecompressionBombError):
        return None

    def distance(ratio: str) -> float:
        width, _, height = ratio.partition(":")
        return max(shape / (int(width) / int(height)), int(width) / int(height) / shape)

    return min(RATIOS, key=distance)
