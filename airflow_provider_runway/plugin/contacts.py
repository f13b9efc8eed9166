"""When calls have come through to one receiver: what it can say for those that did not come."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_runway.utils.watches import LONGEST_GAP, Contact

if TYPE_CHECKING:
    from airflow_provider_runway.hooks.settings import Settings
    from airflow_provider_runway.kie.callback_tokens import CallbackToken

# Submissions of which a call was turned away.
_MOST_SPOILT = 10_000


@dataclass(slots=True)
class _Connection:
    keys: tuple[str, str | None]
    since: float
    last: float
    spoilt_at: float = -math.inf
    called_at: float | None = None


class Contacts:
    """What one receiver remembers. It is forgotten with its process, and a new one vouches for nothing before it.

    :param now: Epoch seconds.
    """

    def __init__(self, now: float) -> None:
        self._began = now
        self._spoilt_at = -math.inf
        self._spoilt: OrderedDict[str, float] = OrderedDict()
        self._connections: dict[str, _Connection] = {}

    def heard(self, token: CallbackToken, settings: Settings, now: float) -> None:
        """A call or a probe has come through.

        :param token: Its token, which is verified.
        :param settings: Its connection. Once its keys have changed, calls that KIE.AI was asked for before are void.
        :param now: Epoch seconds.
        """
        keys = (settings.address.api_key, settings.webhook_secret)
        known = self._connections.get(token.conn_id)
        if known is None:
            known = self._connections[token.conn_id] = _Connection(keys, now, now)
        if known.keys != keys:
            known.keys, known.spoilt_at = keys, now
        if now - known.last > LONGEST_GAP:
            known.since = now
        known.last = now
        if token.probes is None and not token.is_check:
            known.called_at = now

    def turned_away(self, token: CallbackToken | None, now: float) -> None:
        """A call was not taken that may have been KIE.AI's.

        :param token: Its token, which is verified; ``None`` if it was not: then it may have been anybody's.
        :param now: Epoch seconds.
        """
        if token is None:
            self._spoilt_at = now
            return
        nonce = token.probes or token.nonce
        self._spoilt[nonce] = now
        self._spoilt.move_to_end(nonce)
        while len(self._spoilt) > _MOST_SPOILT:
            self._spoilt_at = max(self._spoilt_at, self._spoilt.popitem(last=False)[1])

    def contact(self, token: CallbackToken, now: float) -> Contact:
        """What there is to say of calls for a submission, once :meth:`heard` has been told of a probe.

        :param token: Its token.
        :param now: Epoch seconds.
        """
        known = self._connections[token.conn_id]
        spoilt = (self._spoilt_at, known.spoilt_at, self._spoilt.get(token.probes or token.nonce, -math.inf))
        return Contact(now=now, since=known.since, began=self._began, spoilt_at=max(spoilt), called_at=known.called_at)
