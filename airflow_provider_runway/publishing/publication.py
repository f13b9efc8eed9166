"""The record of a publication, which outlives a try, and what a new try makes of it. It holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from airflow_provider_runway.kie.errors import RunwayError, UnreadableRecordError
from airflow_provider_runway.publishing.errors import PublicationInDoubtError

RECORD_KEY = "runway_publication"
# What the records folder calls it, beside submissions.
RECORD_NAME = "publication"
_VERSION = 1
# Seconds after a request has ended for which a service may still be at work on it.
SETTLING = 60.0


class Stage(str, Enum):
    """How far a publication has come."""

    #: About to be sent, or being sent by a try that lives on.
    INTENT = "intent"
    #: Sent; the request has ended, and nobody knows how.
    DOUBT = "doubt"
    #: It was not sent whole after all, or was refused.
    UNSENT = "unsent"
    PUBLISHED = "published"
    #: A person has left it behind.
    FORGOTTEN = "forgotten"

    def __str__(self) -> str:
        return self.value


# Where nothing came of it: the next try publishes.
OVER = frozenset({Stage.UNSENT, Stage.FORGOTTEN})
IN_DOUBT = frozenset({Stage.INTENT, Stage.DOUBT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is known of a publication.

    :param stage: How far it has come.
    :param identity: See :func:`airflow_provider_runway.publishing.identity.identity`.
    :param request: See :func:`airflow_provider_runway.publishing.identity.request_digest`.
    :param place: Where it is sent to, without a query.
    :param sha256: The video's checksum.
    :param intended_at: When it was about to be sent, ISO 8601 in UTC.
    :param over_by: When sending it must have ended, ISO 8601 in UTC.
    :param kie_task_id: The KIE task that made the video, where that is known.
    :param published_at: When the service had taken it, ISO 8601 in UTC.
    :param status: The HTTP status of that.
    :param response: What the service has answered, as the task asks.
    :param reason: Why it is in doubt.
    """

    stage: Stage
    identity: str
    request: str
    place: str
    sha256: str
    intended_at: str
    over_by: str
    kie_task_id: str | None = None
    published_at: str | None = None
    status: int | None = None
    response: Any = None
    reason: str | None = None

    @property
    def settled_by(self) -> float:
        """Epoch seconds after which what a service does not know of it was never published."""
        return datetime.fromisoformat(self.over_by).timestamp() + SETTLING

    def is_of(self, intent: Publication) -> bool:
        """Whether it is what became of this intent."""
        return (self.identity, self.intended_at) == (intent.identity, intent.intended_at)

    def to_json(self) -> dict[str, Any]:
        """The record as it is stored."""
        return {"version": _VERSION, **asdict(self), "stage": self.stage.value}

    @classmethod
    def from_json(cls, value: object) -> Publication:
        """Read a stored record.

        :raises UnreadableRecordError: If it is not one: that is not the same as none.
        """
        try:
            if not isinstance(value, Mapping):
                raise TypeError(type(value).__name__)
            if value["version"] != _VERSION:
                raise ValueError(f"it has version {value['version']!r}, and this provider reads {_VERSION}")
            fields: dict[str, Any] = {name: value.get(name) for name in cls.__slots__}
            record = cls(**{**fields, "stage": Stage(value["stage"])})
            for name in ("identity", "request", "place", "sha256"):
                if not isinstance(getattr(record, name), str):
                    raise TypeError(f"no {name}")
            for moment in (record.intended_at, record.over_by):
                datetime.fromisoformat(moment)
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableRecordError(
                f"The record of this task's publication cannot be read ({type(error).__name__}: {error}).",
                detail="Nothing was sent now. An earlier try may have published.",
            ) from error
        return record


@dataclass(frozen=True, slots=True)
class Publish:
    """Send it. ``note`` tells of an earlier publication."""

    note: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """An earlier try has published it."""

    publication: Publication


@dataclass(frozen=True, slots=True)
class Settle:
    """Ask the service for the earlier one, before anything is sent."""

    publication: Publication


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do not send it."""

    error: RunwayError


Plan = Publish | Published | Settle | Refuse


def plan(earlier: Publication | None, wanted: Publication, *, repeats: bool, finds: bool) -> Plan:
    """Decide what a try does, from what earlier ones have left behind.

    :param earlier: The record, if there is one.
    :param wanted: What is to be published now.
    :param repeats: Whether sending the same request again changes nothing: a ``PUT``.
    :param finds: Whether the service can be asked for what was sent.
    """
    if earlier is None or earlier.stage in OVER:
        return Publish()
    if earlier.stage is Stage.PUBLISHED:
        if earlier.identity == wanted.identity:
            return Published(earlier)
        return Publish(
            f"An earlier try has published another video, or to another place ({earlier.place}, at "
            f"{earlier.published_at}). This one is published as well."
        )
    if finds:
        return Settle(earlier)
    is_same = (earlier.identity, earlier.request) == (wanted.identity, wanted.request)
    if is_same and repeats:
        return Publish(
            f"An earlier try may have sent this request at {earlier.intended_at}. It is sent again: a PUT of the same "
            "changes nothing."
        )
    return Refuse(_in_doubt(earlier, is_same=is_same))


def combine(intent: Publication, outcomes: list[Publication]) -> Publication:
    """The one publication that an intent and its outcomes tell of, which may be late and contradict each other.

    That it is published is believed, whoever says so, unless a person has left it behind since. Otherwise nothing came
    of it if anybody says so.
    """
    said = {each.stage: each for each in outcomes}
    if Stage.FORGOTTEN in said:
        after = outcomes[outcomes.index(said[Stage.FORGOTTEN]) + 1 :]
        return next((each for each in after if each.stage is Stage.PUBLISHED), said[Stage.FORGOTTEN])
    for stage in (Stage.PUBLISHED, Stage.UNSENT, Stage.DOUBT):
        if stage in said:
            return said[stage]
    return intent


def _in_doubt(earlier: Publication, *, is_same: bool) -> PublicationInDoubtError:
    changed = "" if is_same else " The request has changed since, so it is another one that would be sent now."
    why = f" ({earlier.reason})" if earlier.reason else ""
    return PublicationInDoubtError(
        f"An earlier try has sent a video to {earlier.place} at {earlier.intended_at}, and nobody knows whether it is "
        f"published{why}.{changed}",
        detail="Nothing was sent now.",
    )


def ended(publication: Publication, stage: Stage, at: str, **facts: Any) -> Publication:
    """A publication whose sending has ended.

    :param at: When, ISO 8601 in UTC.
    """
    return replace(publication, stage=stage, over_by=at, **facts)
