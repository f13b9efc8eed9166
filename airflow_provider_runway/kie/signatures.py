"""KIE.AI's signature of a callback, which says that its sender knows the account's webhook key.

It is sent where a ``webhookHmacKey`` has been made on https://kie.ai/settings, in the headers ``X-Webhook-Timestamp``
and ``X-Webhook-Signature``: HMAC-SHA256 of ``<task id>.<timestamp>`` in base64 (https://docs.kie.ai, "Webhook
Verification"). It covers neither the rest of the body nor an age.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable

TIMESTAMP_HEADER = "X-Webhook-Timestamp"
SIGNATURE_HEADER = "X-Webhook-Signature"
# Characters of a Unix time in seconds, and some to spare.
_LONGEST_TIMESTAMP = 20


def signature(key: str, task_id: str, timestamp: str) -> str:
    """The signature of a callback.

    :param key: The webhook key, as KIE.AI shows it.
    :param task_id: The KIE task.
    :param timestamp: Epoch seconds, as they are sent.
    """
    mac = hmac.new(_bytes(key), _bytes(f"{task_id}.{timestamp}"), "sha256")
    return base64.b64encode(mac.digest()).decode()


def is_signed(key: str, task_ids: Iterable[str], timestamp: str | None, given: str | None) -> bool:
    """Whether a callback is signed for one of these tasks; how long this takes says nothing of the signature.

    :param key: The webhook key.
    :param task_ids: The ids that its body has: KIE.AI does not promise in which place it signs it.
    :param timestamp: What its header says.
    :param given: What its other header says.
    """
    if not key or not timestamp or not given or age(timestamp, 0.0) is None:
        return False
    told = _bytes(given.strip())
    fits = False
    for task_id in task_ids:
        fits |= hmac.compare_digest(_bytes(signature(key, task_id, timestamp)), told)
    return fits


def age(timestamp: str | None, now: float) -> float | None:
    """Seconds since a callback was signed; ``None`` where the header is no such time.

    :param timestamp: What its header says.
    :param now: Epoch seconds.
    """
    if not timestamp or len(timestamp) > _LONGEST_TIMESTAMP or not (timestamp.isascii() and timestamp.isdecimal()):
        return None
    return now - int(timestamp)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
