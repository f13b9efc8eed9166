"""The token in a callback's address: which Airflow task waits for which submission, and that it was we who said so.

It is signed with a key that is made of the account's API key, which worker and API server both can read; it holds no
secret, but names that KIE.AI comes to see. Form: ``1.<payload>.<mac>``, all of letters, digits, ``-`` and ``_``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from dataclasses import astuple, dataclass, fields, replace

# Characters: with the base, less than what servers take of an address (2000 and more).
LONGEST_TOKEN = 1500
# Seconds for which a token is good: redeliveries may be late.
LIFETIME = 3 * 86_400
_VERSION = "1"
_PROBE = "probe-"
_LABEL = b"airflow-provider-runway callback token 1"
_FORM = re.compile(rf"{_VERSION}\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{{43}})")
_TYPES: tuple[tuple[type, ...], ...] = (*((str,),) * 4, (int,), (str, type(None)), (str,), (int,))


class MalformedTokenError(ValueError):
    """It is no token of this version."""


class ForgedTokenError(ValueError):
    """It is not signed with this key."""


class ExpiredTokenError(ValueError):
    """It was good once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackToken:
    """Which submission a callback is for.

    :param conn_id: The connection, with whose API key the token is signed.
    :param dag_id: The Airflow task; empty for a check, which is for no task.
    :param run_id: The same.
    :param task_id: The same.
    :param map_index: The same.
    :param region: Which part of a run it is, on Airflow 3.4 and later; ``None`` elsewhere.
    :param nonce: Of the submission.
    :param expires_at: Epoch seconds until which the token is good.
    """

    conn_id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    region: str | None = None
    nonce: str
    expires_at: int

    @property
    def is_check(self) -> bool:
        """Whether it is for no task: somebody tries whether callbacks arrive."""
        return not self.dag_id

    @property
    def probes(self) -> str | None:
        """The nonce of the submission whose calls are seen to arrive by this one; ``None`` if it is a call itself."""
        return self.nonce.removeprefix(_PROBE) if self.nonce.startswith(_PROBE) else None

    def as_probe(self, expires_at: int) -> CallbackToken:
        """A token for a call that shows whether calls for this submission arrive. KIE.AI is never given one.

        :param expires_at: Epoch seconds until which it is good.
        """
        return replace(self, nonce=f"{_PROBE}{self.nonce}", expires_at=expires_at)

    def sign(self, api_key: str) -> str:
        """The token as a text.

        :param api_key: That of the connection.
        :raises ValueError: If the names are so long that the token would have more than :data:`LONGEST_TOKEN`
            characters, or if there is no key.
        """
        payload = _encode(json.dumps(astuple(self), separators=(",", ":"), ensure_ascii=False))
        text = f"{_VERSION}.{payload}.{_mac(payload, api_key)}"
        if len(text) > LONGEST_TOKEN:
            raise ValueError(f"the names of this task make a callback's address longer than {LONGEST_TOKEN} characters")
        return text


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token that was read and not verified: only what finds its key may be used of it.

    :param conn_id: The connection that it names.
    """

    conn_id: str
    _token: CallbackToken
    _payload: str
    _given: str

    @classmethod
    def read(cls, text: str) -> UnverifiedToken:
        """Read a token.

        :raises MalformedTokenError: If it is none.
        """
        form = _FORM.fullmatch(text) if len(text) <= LONGEST_TOKEN else None
        if form is None:
            raise MalformedTokenError("it does not have the form of a token")
        try:
            padded = form[1] + "=" * (-len(form[1]) % 4)
            values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (ValueError, binascii.Error, RecursionError):
            raise MalformedTokenError("its payload cannot be read") from None
        if not isinstance(values, list) or len(values) != len(_TYPES) or not all(map(_is_a, values, _TYPES)):
            raise MalformedTokenError("its payload is none of a token")
        token = CallbackToken(**dict(zip(_NAMES, values, strict=True)))
        return cls(token.conn_id, token, form[1], form[2])

    def verify(self, api_key: str, now: float) -> CallbackToken:
        """The token, if it was signed with this key and is still good.

        :param api_key: That of the connection.
        :param now: Epoch seconds.
        :raises ForgedTokenError: If it was not.
        :raises ExpiredTokenError: If it is too old.
        """
        if not hmac.compare_digest(_mac(self._payload, api_key), self._given):
            raise ForgedTokenError("it is not signed with the key of its connection")
        if now >= self._token.expires_at:
            raise ExpiredTokenError("it has expired")
        return self._token


_NAMES = tuple(each.name for each in fields(CallbackToken))


def callback_url(base: str, token: str) -> str:
    """Where KIE.AI is to call.

    :param base: Where Airflow's API server is reached from outside, with the path of its base URL.
    :param token: The token.
    """
    return f"{base.rstrip('/')}/runway/callback/{token}"


def _mac(payload: str, api_key: str) -> str:
    """The signature of a payload. The key is none that is used for anything else (HKDF, RFC 5869, of one block)."""
    if not api_key:
        raise ValueError("there is no API key to sign a callback's address with")
    secret = hmac.digest(_LABEL, api_key.encode("utf-8", "surrogatepass"), "sha256")
    key = hmac.digest(secret, b"mac\x01", "sha256")
    return _encode(hmac.digest(key, payload.encode(), "sha256"))


def _encode(content: str | bytes) -> str:
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _is_a(value: object, kinds: tuple[type, ...]) -> bool:
    return type(value) in kinds
