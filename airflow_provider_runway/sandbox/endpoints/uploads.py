"""The file upload API: by stream, by URL, by base64."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile  # noqa: TID253 - this module is imported when a sandbox starts
from starlette.formparsers import MultiPartException  # noqa: TID253 - same

from airflow_provider_runway.sandbox.messages import Refusal, Reply, encode, parts_of
from airflow_provider_runway.sandbox.settings import DAY
from airflow_provider_runway.sandbox.tasks import Upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_runway.sandbox.messages import SandboxRequest
    from airflow_provider_runway.sandbox.state import SandboxState

_USUAL_TYPE = "application/octet-stream"


async def stream_upload(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/file-stream-upload``."""
    try:
        async with request.form() as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refusal(400, "file is required")
            data = await file.read()
    except MultiPartException as error:
        raise Refusal(400, "The request body is no proper multipart form") from error
    return _store(sandbox, request, form, data, content_type=file.content_type, usual_name=file.filename or "")


async def url_upload(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/file-url-upload``; of the URLs it fetches only those of the sandbox itself.

    Any other URL is believed to hold a small file, as nothing outside is ever fetched.
    """
    body = request.payload or {}
    url = body.get("fileUrl")
    parts = parts_of(url)
    if not isinstance(url, str) or parts is None:
        raise Refusal(400, "fileUrl is required and must be a http or https URL")
    if any(part in url for part in sandbox.settings.unreachable):
        raise Refusal(500, "Failed to fetch the file")
    known = sandbox.served(parts.path, request.at)
    data = known.data if isinstance(known, Upload) else f"stand-in for {url}".encode()
    return _store(sandbox, request, body, data, usual_name=parts.path.rpartition("/")[2])


async def base64_upload(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``POST /api/file-base64-upload``."""
    body = request.payload or {}
    text = body.get("base64Data")
    if not isinstance(text, str) or not text:
        raise Refusal(400, "base64Data is required")
    content_type = None
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        content_type = head.removeprefix("data:").partition(";")[0] or None
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, "base64Data is not base64") from error
    return _store(sandbox, request, body, data, content_type=content_type)


def _store(
    sandbox: SandboxState,
    request: SandboxRequest,
    fields: Mapping[str, Any],
    data: bytes,
    *,
    content_type: str | None = None,
    usual_name: str = "",
) -> Reply:
    folder, name = fields.get("uploadPath"), fields.get("fileName") or usual_name
    if not isinstance(folder, str) or not folder:
        raise Refusal(400, "uploadPath is required")
    if folder.startswith("/") or folder.endswith("/") or ".." in folder:
        raise Refusal(400, "uploadPath must neither begin nor end with a slash")
    if not isinstance(name, str) or "/" in name:
        raise Refusal(400, "fileName is not a name")
    media_type = content_type or mimetypes.guess_type(name)[0] or _USUAL_TYPE
    name = name or f"{uuid.uuid4().hex}{mimetypes.guess_extension(media_type) or ''}"
    path = f"{folder}/{name}"
    sandbox.uploads[path] = Upload(data, media_type, request.at + DAY)
    found = {
        "fileName": name,
        "filePath": path,
        "downloadUrl": f"{sandbox.base_url(request)}/uploads/{path}",
        "fileSize": len(data),
        "mimeType": media_type,
        "uploadedAt": datetime.fromtimestamp(request.at, timezone.utc).isoformat(),
    }
    body = {"success": True, "code": 200, "msg": "File uploaded successfully", "data": found}
    return Reply(encode(body), code=200)
