"""Direct download links: a media path that says until when it works, and a proof that it was made here."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET = secrets.token_bytes(16)


def direct_link(path: str, until: float) -> str:
    """The path with its proof.

    :param until: when it stops to work, in seconds since the epoch.
    """
    expires = str(int(until))
    return f"{path}?{urlencode({'expires': expires, 'signature': _proof(path, expires)})}"


def link_works(path: str, query: Mapping[str, str], now: float) -> bool:
    """Whether a link works: one without a proof always does."""
    if "signature" not in query:
        return True
    expires = query.get("expires", "")
    proof = _proof(path, expires)
    return hmac.compare_digest(proof.encode(), query["signature"].encode()) and now < int(expires)


def _proof(path: str, expires: str) -> str:
    return hmac.new(_SECRET, f"{path} {expires}".encode(), "sha256").hexdigest()[:32]
