"""What the sandbox is set to: one immutable value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

DAY = 86_400.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LEAST = {
    **dict.fromkeys(("seconds", "sigma", "visible_after", "media_ttl", "credits", "callback_retry"), 0),
    **dict.fromkeys(("submissions_per_window", "frames_per_second"), 1),
    "ledger_requests_kept": 0,
    "window_seconds": 0.001,
    "video_scale": 0.01,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a video costs, in credits (one credit is about half a US cent).

    :param generate: a 5 s video in 720p.
    :param generate_long: a 10 s video in 720p.
    :param generate_1080p: a 5 s video in 1080p.
    :param extend: an extension. KIE.AI publishes no reliable figure; this one is a stand-in.
    :param aleph: a video changed by Aleph, whatever its length.
    :param job: a job of any other model on the unified API; a stand-in too.
    """

    generate: float = 12
    generate_long: float = 30
    generate_1080p: float = 30
    extend: float = 12
    aleph: float = 110
    job: float = 10

    def __post_init__(self) -> None:
        for each in fields(self):
            check_number(f"prices.{each.name}", getattr(self, each.name), least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """How the sandbox behaves. Each value can be changed while it runs (``configure``).

    :param seconds: how long a video takes from submission to success, in seconds; 0 makes it ready at once.
    :param distribution: ``"fixed"``: every video takes ``seconds``; ``"lognormal"``: ``seconds`` is the median.
    :param sigma: spread of the lognormal distribution; 0.35 puts nine in ten between 0.56 and 1.8 times the
        median.
    :param seed: makes the lognormal times repeat from run to run.
    :param seconds_by_prompt: other times for single videos: the first key found within a prompt decides.
    :param credits: balance at the start, in credits. Changing it moves the balance by the difference.
    :param keys: the API keys that are let in; all belong to the one account.
    :param http_errors: answer errors with their real HTTP status; off, they come as HTTP 200 with the code in
        the body, as recorded of KIE.AI.
    :param visible_after: seconds for which a new task's record is not found yet.
    :param submissions_per_window: accepted submissions within ``window_seconds`` after which 429 is answered.
    :param window_seconds: length of that sliding window, in seconds.
    :param media_ttl: seconds for which finished media can be fetched.
    :param unreachable: parts of input URLs that the sandbox shall treat as impossible to fetch (code 451). It
        never fetches a URL outside of itself.
    :param check_inputs: refuse an input that breaks the schema of its model, of the models that the sandbox lists.
        KIE.AI does so, and rarely says which field it was.
    :param video_scale: size of the videos served relative to the real one, above 0 up to 1; small ones are
        drawn faster.
    :param frames_per_second: frame rate of the videos.
    :param prices: what is charged.
    :param webhook_key: when set, callbacks are signed with it.
    :param hosts: names by which the sandbox may be asked (the ``Host`` of a request), beside that of ``public_url``;
        ``"*"``: by every name.
    :param callback_hosts: hosts that callbacks may be sent to; ``"*"`` allows every host.
    :param callback_retry: pause between two attempts to deliver a callback, in seconds; three are made.
    :param ledger_requests_kept: how many requests the ledger remembers in full; counts go on. A change counts
        from the next reset.
    :param public_url: base of the media URLs, when it is not the address that a request came in by.
    :raises ValueError: a value is not allowed; the message names it.
    """

    seconds: float = 8.0
    distribution: Literal["fixed", "lognormal"] = "fixed"
    sigma: float = 0.35
    seed: int = 0
    seconds_by_prompt: Mapping[str, float] = field(default_factory=dict)
    credits: float = 5000
    keys: tuple[str, ...] = ("sandbox-key",)
    http_errors: bool = False
    visible_after: float = 0.0
    submissions_per_window: int = 20
    window_seconds: float = 10.0
    media_ttl: float = 14 * DAY
    unreachable: tuple[str, ...] = ()
    check_inputs: bool = False
    video_scale: float = 1.0
    frames_per_second: int = 12
    prices: Prices = field(default_factory=Prices)
    webhook_key: str | None = None
    hosts: tuple[str, ...] = LOOPBACK
    callback_hosts: tuple[str, ...] = LOOPBACK
    callback_retry: float = 1.0
    ledger_requests_kept: int = 100_000
    public_url: str | None = None

    def __post_init__(self) -> None:
        if self.distribution not in ("fixed", "lognormal"):
            raise ValueError(f"distribution: {self.distribution!r} is neither 'fixed' nor 'lognormal'")
        for name, least in _LEAST.items():
            check_number(name, getattr(self, name), least=least)
        if self.video_scale > 1:
            raise ValueError(f"video_scale: {self.video_scale!r} is above 1")
        for name in ("keys", "unreachable", "hosts", "callback_hosts"):
            texts = getattr(self, name)
            if not isinstance(texts, tuple) or not all(isinstance(each, str) for each in texts):
                raise ValueError(f"{name}: {texts!r} is not a list of texts")
        if not self.keys or not all(self.keys):
            raise ValueError("keys: at least one key is needed, and none may be empty")
        if not isinstance(self.prices, Prices):
            raise ValueError(f"prices: {self.prices!r} is not Prices")  # noqa: TRY004 - one error type
        if not isinstance(self.seconds_by_prompt, Mapping):
            raise ValueError("seconds_by_prompt: not a mapping of prompts to seconds")  # noqa: TRY004 - same
        for part, seconds in self.seconds_by_prompt.items():
            check_number(f"seconds_by_prompt[{part!r}]", seconds, least=0)

    def changed(self, changes: Mapping[str, Any]) -> SandboxSettings:
        """These settings with some values replaced.

        :param changes: new values by name; lists serve as tuples, and ``prices`` may be a mapping of some of
            its names.
        :raises ValueError: a name is unknown or a value not allowed.
        """
        known = {each.name for each in fields(self)}
        if unknown := sorted(set(changes) - known):
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()
        }
        prices = values.get("prices")
        try:
            if isinstance(prices, dict):
                values["prices"] = replace(self.prices, **prices)
            return replace(self, **values)
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error


def check_number(name: str, value: object, *, least: float) -> float:
    """A value that is a number to reckon with.

    :raises ValueError: it is none, or too small; the message has its name.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name}: {value!r} is not a number")  # noqa: TRY004 - one error type for every bad value
    if not value >= least:
        raise ValueError(f"{name}: {value!r} is below {least}")
    if value == math.inf:
        raise ValueError(f"{name}: {value!r} is no number to reckon with")
    return value
