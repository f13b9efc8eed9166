"""One way from a stored video to its publication: send it unless an earlier try has, and settle what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_runway.kie.clock import Clock
from airflow_provider_runway.kie.errors import RunwayError
from airflow_provider_runway.publishing.asking import Asking, Filter, read_answer, result_of
from airflow_provider_runway.publishing.body import Body, opened
from airflow_provider_runway.publishing.errors import (
    PublicationAnswerError,
    PublicationInDoubtError,
)
from airflow_provider_runway.publishing.identity import origin
from airflow_provider_runway.publishing.publication import (
    IN_DOUBT,
    SETTLING,
    Plan,
    Publication,
    Publish,
    Published,
    Refuse,
    Settle,
    Stage,
    ended,
    plan,
)
from airflow_provider_runway.publishing.records import PublicationRecords
from airflow_provider_runway.publishing.request import PublishRequest
from airflow_provider_runway.publishing.sender import Answer, Message, Service
from airflow_provider_runway.results import to_iso
from airflow_provider_runway.storage.quarters import Quarters
from airflow_provider_runway.storage.sources import Source

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

# Seconds between two looks for what has become of what another try may be sending, and the longest time for them.
_PAUSE = 5.0
_LONGEST_AWAITING = 120.0
# Megabytes from which on the log tells of quarters.
_WORTH_TELLING = 10
# So often another try may begin while this one is about to.
_MOST_PLANS = 3


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Publishes one video.

    ``is_in_doubt`` tells, whatever comes of it, whether anything was sent of which nobody knows the outcome, and
    ``is_published`` whether it is published for sure.

    :param service: Where to.
    :param records: Where the record is kept.
    :param request: What is sent beside the video.
    :param source: The video.
    :param wanted: The record, as far as it is known before it is sent.
    :param seconds: How long sending may take.
    :param asking: How the service can be asked.
    :param reads: Makes the result's ``response`` of the service's answer.
    :param clock: How time passes.
    :param log: Where to say what is sent.
    """

    service: Service
    records: PublicationRecords
    request: PublishRequest
    source: Source
    wanted: Publication
    seconds: float
    asking: Asking | None
    reads: Filter | None
    clock: Clock
    log: Logger
    is_in_doubt: bool = False
    is_published: bool = False
    _is_settled: bool = False
    _body: Body | None = None

    @property
    def state(self) -> str:
        """What is known, for whoever looks after the task."""
        if self.is_published:
            return f"The video is published at {self.wanted.place}."
        if self.is_in_doubt:
            return f"The video may be published at {self.wanted.place}."
        return "Nothing was published."

    @property
    def repeats(self) -> bool:
        """Whether sending the same again changes nothing."""
        return self.request.method == "PUT"

    def publish(self) -> Publication:
        """Publish, unless an earlier try has.

        :raises PublicationError: If it is not published.
        :raises PublicationInDoubtError: If nobody knows.
        :raises PublicationAnswerError: If it is, and the answer cannot be read.
        """
        self.records.check()
        for _ in range(_MOST_PLANS):
            earlier = self._await(self.records.read())
            self.is_in_doubt = earlier is not None and earlier.stage in IN_DOUBT
            decision, publication = self._plan(earlier), None
            if isinstance(decision, Refuse):
                raise decision.error
            if isinstance(decision, Published):
                return self._known(decision.publication)
            if isinstance(decision, Settle):
                publication = self._settle(decision.publication)
            else:
                if decision.note:
                    self.log.warning("%s", decision.note)
                publication = self._send()
            if publication is not None and publication.identity == self.wanted.identity:
                return publication
        raise PublicationInDoubtError(
            "Other tries of this task go on publishing while this one is about to.", detail="This one has sent nothing."
        )

    def _plan(self, earlier: Publication | None) -> Plan:
        if self.records.outlives_try:
            if earlier is not None and earlier.identity != self.wanted.identity:
                earlier = self.records.published(self.wanted.identity) or earlier
            finds = self.asking is not None and (earlier is None or origin(earlier.place) == origin(self.request.url))
            return plan(earlier, self.wanted, repeats=self.repeats, finds=finds)
        history = self.records.history
        if history.is_first or history.is_resumed or history.paid_nothing or self.repeats or self._is_settled:
            return Publish()
        if self.asking is not None:
            return Settle(ended(self.wanted, Stage.DOUBT, self._now()))
        if history.is_cleared:
            return Publish(
                "The task was cleared, and no record is kept: what an earlier try has published stays there."
            )
        return Refuse(
            PublicationInDoubtError(
                "An earlier try may have published this video, and no record is kept that tells.",
                detail="Nothing was sent now.",
            )
        )

    def _await(self, earlier: Publication | None) -> Publication | None:
        """Give a try that lives on the time to write down what has become of its own, where nothing else tells."""
        waited = 0.0
        while earlier is not None and earlier.stage is Stage.INTENT and self.asking is None and not self.repeats:
            left = min(earlier.settled_by - SETTLING - self.clock.time(), _LONGEST_AWAITING - waited)
            if left <= 0:
                break
            if not waited:
                self.log.info("An earlier try may be publishing just now. Its outcome is awaited for %.0f s.", left)
            self.clock.sleep(min(left, _PAUSE))
            waited += min(left, _PAUSE)
            earlier = self.records.read()
        return earlier

    def _send(self) -> Publication | None:
        """Send it; ``None`` if nothing was sent, as another try has begun since the record was read."""
        request, video = self.request, self.source
        intent = replace(self.wanted, stage=Stage.INTENT, intended_at=self._now(), over_by=self._now(self.seconds + 1))
        if not self.records.begin(intent):
            self.log.warning("Another try of this task has begun to publish.")
            return None
        self.is_in_doubt = True
        self.log.info(
            "Sending %s (%.1f MB) by %s to %s.", video.place.uri, video.size / 1e6, request.method, intent.place
        )
        try:
            message = Message(request.method, request.url, request.headers, self.seconds)
            answer = self.service.send(message, self._open)
        except PublicationInDoubtError as error:
            return self._after_doubt(intent, error)
        except BaseException as error:
            is_known = isinstance(error, RunwayError) or self._body is None or not self._body.is_whole
            stage, reason = (Stage.UNSENT, None) if is_known else (Stage.DOUBT, type(error).__name__)
            self.is_in_doubt = not is_known
            self._write(ended(intent, stage, self._now(), reason=reason))
            raise
        status, now = answer.response.status_code, self._now()
        self.is_in_doubt, self.is_published = False, True
        self.log.info("Published: %s has answered with HTTP status %d.", intent.place, status)
        publication = ended(intent, Stage.PUBLISHED, now, published_at=now, status=status)
        self._write(publication)
        publication = replace(publication, response=self._response(answer))
        if publication.response is not None:
            self._write(publication)
        return publication

    @contextmanager
    def _open(self) -> Iterator[Body]:
        def tell(done: float, total: float) -> None:
            if total > _WORTH_TELLING:
                self.log.info("%.0f of %.0f MB are sent.", done, total)

        with opened(self.request, self.source, Quarters(tell)) as body:
            self._body = body
            yield body

    def _after_doubt(self, intent: Publication, error: PublicationInDoubtError) -> Publication:
        doubt = ended(intent, Stage.DOUBT, self._now(), reason=error.summary)
        self._write(doubt)
        if self.asking is None:
            raise error.replace(retryable=self.repeats)
        self.log.warning("%s The service is asked for it.", error)
        found = None
        try:
            found = self.asking.find(self.service, doubt)
        except RunwayError as fault:
            self.log.warning("%s", fault)
        if found is None:
            raise error.replace(retryable=True)
        return self._found(doubt, found)

    def _settle(self, earlier: Publication) -> Publication | None:
        """Ask for what an earlier try has sent, until it is found or cannot come any more: then it is ``None``."""
        self.log.info("An earlier try has sent a video at %s. The service is asked for it.", earlier.intended_at)
        current: Publication | None = earlier
        while self.asking is not None and current is not None and current.stage in IN_DOUBT:
            found = self.asking.find(self.service, current)
            if found is not None:
                return self._found(current, found)
            left = current.settled_by - self.clock.time()
            if left <= 0:
                self.log.info("It is not there.")
                self.records.write(ended(current, Stage.UNSENT, self._now()))
                self._is_settled, self.is_in_doubt = True, False
                break
            self.clock.sleep(min(left, 3 * _PAUSE))
            if self.records.outlives_try:
                current = self.records.read()
        return None

    def _found(self, doubt: Publication, found: Any) -> Publication:
        self.is_in_doubt, self.is_published = False, True
        self.log.info("It is there: what was sent at %s is published.", doubt.intended_at)
        publication = ended(doubt, Stage.PUBLISHED, self._now(), published_at=doubt.intended_at, response=found)
        self._write(publication)
        return publication

    def _known(self, publication: Publication) -> Publication:
        """What an earlier try has published."""
        self.is_published = True
        self.log.info(
            "An earlier try has published it, at %s. Nothing is sent; to publish it again, give another publish_key.",
            publication.published_at,
        )
        if publication.response is None and self.reads is not None and self.asking is not None:
            try:
                return replace(publication, response=self.asking.find(self.service, publication))
            except RunwayError as error:
                self.log.warning("%s The result is without a response.", error.summary)
        return publication

    def _response(self, answer: Answer) -> Any:
        """What the result says of the answer."""
        reads = self.reads or read_answer
        try:
            if answer.fault:
                raise ValueError(answer.fault)
            return result_of(reads(answer.response))
        except Exception as error:  # noqa: BLE001 - whatever a user's function raises
            what = self.service.conceal(f"{type(error).__name__}: {error}")
            if self.reads is None:
                self.log.warning("The answer is not in the result (%s).", what)
                return None
            raise PublicationAnswerError(
                f"The video is published, and response_filter cannot read the answer ({what}).",
                http_status=answer.response.status_code,
            ) from None

    def _write(self, publication: Publication) -> None:
        """Write down what has become of it. Failing to is no reason to hide that."""
        try:
            self.records.write(publication, patience=self.seconds)
        except Exception:
            self.log.exception(
                "That the video is %s could not be recorded: a retry takes the outcome for unknown.", publication.stage
            )

    def _now(self, later: float = 0.0) -> str:
        return to_iso(datetime.fromtimestamp(self.clock.time() + later, timezone.utc))
