"""A multipart form out of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.replies import Refusal

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import Request


@dataclass(slots=True)
class Form:
    """The fields of a form, and its one file."""

    fields: dict[str, str] = field(default_factory=dict)
    file: bytes | None = None
    file_name: str = ""
    content_type: str | None = None


async def form_of(request: Request) -> Form:
    """The form of a request.

    :raises Refusal: code 400 when the body is no form.
    """
    from starlette.formparsers import MultiPartException
    from starlette.requests import Request as StarletteRequest

    content_type = request.headers.get("content-type", "")
    if not content_type.startswith("multipart/form-data"):
        raise Refusal(400, "The request body must be a multipart form")
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", content_type.encode("latin-1"))]}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    form = Form()
    try:
        async with StarletteRequest(scope, receive).form() as parts:
            for name, part in parts.multi_items():
                if isinstance(part, str):
                    form.fields[name] = part
                elif name == "file":
                    form.file = await part.read()
                    form.file_name, form.content_type = part.filename or "", part.content_type
    except MultiPartException as error:
        raise Refusal(400, "The request body is no proper multipart form") from error
    return form
