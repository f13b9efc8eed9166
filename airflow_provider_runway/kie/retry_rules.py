"""How often a call is sent again, and how long a refusal is waited out."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_runway.kie.errors import MaintenanceError, RateLimitedError, RunwayError

# The window of KIE's submission limit (20 in 10 s): shorter pauses after a 429 only earn another one.
RATE_LIMIT_PAUSE = 10.0
# Maintenance takes minutes.
MAINTENANCE_PAUSE = 60.0
# A pause that KIE names counts for so many seconds at most, whatever it is for: then it is asked again.
LONGEST_NAMED_PAUSE = 300.0


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often a call is sent again when that is safe, and how long between.

    :param tries: Sends in all, at least 1.
    :param refusal_tries: The same for a call that KIE refuses for now (429, 455); as many as ``tries`` if left out.
    :param first_pause: Seconds before the second send; each further pause doubles.
    :param longest_pause: Seconds, the most one pause lasts; one that KIE names may last
        :data:`LONGEST_NAMED_PAUSE`.
    :param jitter: A number in [0, 1) for each pause, which is lengthened by up to a quarter.
    """

    tries: int = 4
    refusal_tries: int | None = None
    first_pause: float = 1.0
    longest_pause: float = 30.0
    jitter: Callable[[], float] = field(default=random.random, repr=False)

    def pause(self, sends: int, error: RunwayError) -> float:
        """Seconds to pause after the ``sends``-th send failed with ``error``."""
        pause = min(self.first_pause * doublings(sends - 1), self.longest_pause)
        named = refusal_pause(error) if isinstance(error, RateLimitedError) else named_pause(error)
        return max(pause, named) * (1.0 + 0.25 * self.jitter())

    def allows_another(self, sends: int, error: RunwayError) -> bool:
        """Whether to pause and send again after the ``sends``-th send failed with ``error``, rather than raise it."""
        tries = self.tries
        if self.refusal_tries is not None and isinstance(error, (RateLimitedError, MaintenanceError)):
            tries = self.refusal_tries
        return sends < tries


def named_pause(error: RunwayError) -> float:
    """Seconds to pause that the answer named, up to :data:`LONGEST_NAMED_PAUSE`; 0 if it named none."""
    return min(error.retry_after or 0.0, LONGEST_NAMED_PAUSE)


def refusal_pause(error: RateLimitedError | MaintenanceError) -> float:
    """Seconds until it makes sense to submit again after KIE has refused for now."""
    if isinstance(error, MaintenanceError):
        return max(MAINTENANCE_PAUSE, named_pause(error))
    return RATE_LIMIT_PAUSE if error.retry_after is None else named_pause(error)


def doublings(number: int) -> float:
    """What a pause is multiplied with after it was doubled this often; grows no further once that is beyond reason."""
    return 2.0 ** min(number, 64)


ONE_TRY = RetryRules(tries=1)
