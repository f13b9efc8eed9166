"""What is kept of KIE.AI's calls for one submission, until an operator looks: nothing in it is believed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from airflow_provider_runway.kie.rules import is_task_id

_VERSION = 1
# Different ids that calls for one submission may name. There should be one.
_MOST_IDS = 5


def callback_key(nonce: str) -> str:
    """Under which key of the task state the entry of a submission is.

    :param nonce: Of the submission.
    """
    return f"runway_callback_{nonce}"


@dataclass(frozen=True, slots=True)
class Called:
    """What a task keeps that waits for the call which brings a lost task id.

    :param times: How many calls have come.
    :param has_sent: Whether it was this very try that has sent what is in doubt.
    """

    times: int = 0
    has_sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackEntry:
    """What calls for one submission have said.

    :param nonce: Of the submission.
    :param task_ids: KIE tasks that they name, as KIE gave their ids, the first named first; none where none was.
    :param code: That of the last call: 200 for a success; ``None`` where it said nothing.
    :param called_at: When the last one came, ISO 8601 in UTC.
    :param is_signed: Whether each was signed with the webhook key.
    """

    nonce: str
    task_ids: tuple[str, ...]
    code: int | None
    called_at: str
    is_signed: bool

    @classmethod
    def from_json(cls, value: object) -> CallbackEntry | None:
        """Read an entry; ``None`` if it is none."""
        if not isinstance(value, dict) or value.get("version") != _VERSION:
            return None
        ids, code = value.get("task_ids"), value.get("code")
        texts = (value.get("nonce"), value.get("called_at"))
        if not isinstance(ids, list) or not all(isinstance(text, str) for text in texts):
            return None
        return cls(
            nonce=value["nonce"],
            task_ids=tuple(each for each in ids if isinstance(each, str) and is_task_id(each))[:_MOST_IDS],
            code=code if type(code) is int else None,
            called_at=value["called_at"],
            is_signed=value.get("is_signed") is True,
        )

    def to_json(self) -> dict[str, Any]:
        """The entry as it is stored."""
        return {"version": _VERSION, **asdict(self), "task_ids": list(self.task_ids)}

    def after(self, earlier: CallbackEntry | None) -> CallbackEntry:
        """What this call and the ones before have said.

        :param earlier: Their entry, if there is one.
        """
        if earlier is None or earlier.nonce != self.nonce:
            return self
        ids = dict.fromkeys((*earlier.task_ids, *self.task_ids))
        return CallbackEntry(
            nonce=self.nonce,
            task_ids=tuple(ids)[:_MOST_IDS],
            code=self.code,
            called_at=self.called_at,
            is_signed=earlier.is_signed and self.is_signed,
        )
