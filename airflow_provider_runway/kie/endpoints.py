"""What there is to know of an endpoint of KIE's, and of the tasks that it makes. The table is in :mod:`.families`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_provider_runway.kie.envelope import Answer, read_data
from airflow_provider_runway.kie.family_records import parse_copy_id
from airflow_provider_runway.kie.requests import Request
from airflow_provider_runway.kie.tasks import Reader


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to KIE, before it has a host and a key."""

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SubmitEndpoint:
    """How one kind of request is sent.

    :param path: The endpoint.
    :param names: KIE's name for each of the request's fields; none where the request has its body as KIE wants it.
    :param model: What the unified API calls it. The fields then go into ``input``, all but the callback URL.
    :param needs_callback: Whether KIE refuses it without a callback URL.
    :param is_made_once: Whether KIE refuses a second request for the same, and names the task of the first.
    """

    path: str
    names: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    needs_callback: bool = False
    is_made_once: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """The tasks of one kind at one API: where they are looked up, who reads the answer, which requests make them.

    :param path: Where they are looked up; nothing where KIE answers at once.
    :param read: Who reads the ``data`` of the answer.
    :param endpoints: How the requests are sent that make them: by their type, or by the name of a dedicated endpoint.
    :param shortest_pause: Seconds between two polls at least.
    :param unpack: What gets the ``data`` out of an answer.
    :param is_ordered_by_polling: Whether a poll is the same call that orders it, and pays for it if that is the first.
    :param is_asked_by_get: Whether that call is no POST.
    :param calls_back: Whether KIE posts to a callback URL when such a task has ended, and names it by its id.
    """

    path: str
    read: Reader
    endpoints: Mapping[type[Request] | str, SubmitEndpoint]
    shortest_pause: float = 1.0
    unpack: Callable[[Answer], Any] = read_data
    is_ordered_by_polling: bool = False
    is_asked_by_get: bool = False
    calls_back: bool = True

    def poll(self, bare_id: str) -> Call:
        """The call that looks a task up."""
        if not self.is_ordered_by_polling:
            return Call("GET", self.path, query={"taskId": bare_id})
        source, index = parse_copy_id(bare_id)
        if self.is_asked_by_get:
            return Call("GET", self.path, query={"taskId": source, "index": str(index)})
        return Call("POST", self.path, body={"taskId": source, "index": index})
