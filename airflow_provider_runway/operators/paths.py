"""Addresses of files, as paths, as texts and as path objects, and whether they lead to one place from everywhere."""

from __future__ import annotations

import os
import re
from typing import Any

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.rules import check_encodable

# With a home in its place, which only the machine of the task can know.
_ABSOLUTE = re.compile(r"/|~[^/\s]*/")
_LOCAL_SCHEMES = {"file", "local"}
# Airflow has a file system for it that fsspec does not list under this name.
_KNOWN_BESIDES = {"abfss"}


def is_path(value: object) -> bool:
    """Whether this is a path object: Airflow's ``ObjectStoragePath``, or one of Python's own."""
    return isinstance(value, os.PathLike) or (hasattr(value, "protocol") and hasattr(value, "joinpath"))


def address(value: Any) -> Any:
    """A path object as the text that leads to the same file; anything else as it is.

    An absolute path of Python's own gets its scheme, so that it is known for a file wherever one may stand.
    """
    if not is_path(value):
        return value
    from airflow_provider_runway.storage.locate import address_of

    text = address_of(value)
    return f"file://{text}" if isinstance(value, os.PathLike) and text.startswith("/") else text


def check_place(name: str, value: object) -> None:
    """The address of a file or folder that is the same one whichever process looks: absolute, of a known scheme.

    :raises InvalidRequestError: If it is not.
    """
    text = address(value)
    if not isinstance(text, str) or not text.strip() or text.strip() == "None":
        raise InvalidRequestError(name, value, f"must name a place: {_PLACE}")
    check_encodable(name, text)
    if not text.isprintable():
        raise InvalidRequestError(name, value, "must be printable")
    scheme, has_scheme, rest = text.partition("://")
    if not has_scheme or scheme.lower() in _LOCAL_SCHEMES:
        path = re.sub(r"^[^/@]*@", "", rest) if has_scheme else text
        if not _ABSOLUTE.match(path):
            rule = f"must be absolute: {_PLACE}. A relative one would lead into the folder of whichever process runs"
            raise InvalidRequestError(name, value, rule)
    else:
        check_scheme(name, text)


_PLACE = "a path that begins with /, or an address with its scheme such as s3://bucket/fox.mp4"


def check_scheme(name: str, text: str) -> None:
    """An address whose scheme some file system has.

    What fsspec lists by name may be installed on the workers alone, and passes. Only for another scheme are Airflow's
    own file systems asked, which takes longer.
    """
    from fsspec import available_protocols

    scheme = text.partition("://")[0].lower()
    if scheme in _KNOWN_BESIDES or scheme in available_protocols():
        return
    from airflow.sdk.io.fs import has_fs
    from airflow.sdk.io.store import _STORE_CACHE

    if not has_fs(scheme) and not any(store.protocol == scheme for store in _STORE_CACHE.values()):
        raise InvalidRequestError(name, text, f"must have a scheme that Airflow has a file system for, not {scheme}://")
