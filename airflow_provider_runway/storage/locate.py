"""Which file a path names, be it one to be stored or one to be read: :func:`locate`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from airflow_provider_runway.storage.local import LocalTarget
from airflow_provider_runway.storage.object_store import SHOWN_ONLY_WHOLE, ObjectStoreTarget
from airflow_provider_runway.storage.target import Target

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    AnyPath = str | os.PathLike[str] | ObjectStoragePath

_PACKAGES = {
    "apache-airflow-providers-amazon[s3fs]": ("s3", "s3a", "s3n"),
    "apache-airflow-providers-google": ("gs", "gcs"),
    "apache-airflow-providers-microsoft-azure": ("abfs", "abfss", "adl"),
}


def address_of(path: AnyPath) -> str:
    """A path as the text that leads to the same file, with the id of its connection.

    :raises TypeError: If it is no path.
    """
    if isinstance(path, str):
        return path
    text = str(path) if hasattr(path, "protocol") else os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path is a text, not {type(path).__name__}")
    conn_id = _conn_id(path)
    if not conn_id or f"{conn_id}@" in text:
        return text
    scheme, _, rest = text.partition("://")  # Airflow 3.2 leaves it out
    return f"{scheme}://{conn_id}@{rest}"


def _conn_id(path: object) -> str | None:
    """The id of a path's connection, which Airflow 3.1 has among the options of its storage."""
    return getattr(path, "conn_id", None) or getattr(path, "storage_options", {}).get("conn_id")


def locate(path: AnyPath, default_name: str = "") -> Target:
    """Read a path: without a scheme it is a file of this machine, otherwise whatever Airflow has a file system for.

    :param path: A path, a URI such as ``s3://conn_id@bucket/key``, or a path object.
    :param default_name: The name of the file in a folder, which is what ends with ``/``.
    :raises TypeError: If it is no path.
    :raises ValueError: If it is empty.
    :raises FileNotFoundError: If it begins with a home folder that there is not.
    :raises ImportError: If Airflow has no file system for it, or a library for it is not installed.
    :raises airflow.exceptions.AirflowNotFoundException: If there is no such connection.
    """
    text = address_of(path)
    if not text.strip():
        raise ValueError("the path is empty")
    if text.endswith("/"):
        text += default_name
    if "://" not in text:
        return LocalTarget(os.path.abspath(_expand_home(text)))  # noqa: PTH100 - a string is wanted
    return _by_scheme(text)


def _expand_home(path: str) -> str:
    """A path with the home folder that ``~`` or ``~name`` at its beginning stands for.

    Where there is no such home the path is a relative one, though it does not look so.
    """
    expanded = os.path.expanduser(path)  # noqa: PTH111 - a string is wanted
    if expanded.startswith("~"):
        raise FileNotFoundError(f"there is no home folder {path.partition('/')[0]}; a file of such a name is ./{path}")
    return expanded


def _by_scheme(uri: str) -> Target:
    from airflow.sdk import ObjectStoragePath
    from airflow.sdk.bases.hook import BaseHook
    from airflow.sdk.io import has_fs
    from fsspec.implementations.local import LocalFileSystem

    scheme, _, rest = uri.partition("://")
    scheme = scheme.lower()
    uri = f"{scheme}://{rest}"  # Airflow 3.1 knows no other
    is_known = has_fs(scheme)
    try:
        path = ObjectStoragePath(uri)
        conn_id = _conn_id(path)
        if is_known and conn_id:  # which Amazon's provider would pass over, and take what credentials it finds
            BaseHook.get_connection(conn_id)
        file_system = path.fs  # also one that was attached
    except ValueError:
        if is_known:
            raise
        package = next((package for package, schemes in _PACKAGES.items() if scheme in schemes), None)
        advice = f"install {package}" if package else "no installed provider brings one"
        raise ImportError(f"Airflow has no file system for {scheme}:// ({advice})") from None
    if isinstance(file_system, LocalFileSystem):
        _expand_home(uri.partition("://")[2].removeprefix(f"{conn_id}@"))  # fsspec takes that of nobody, too
        return LocalTarget(file_system._strip_protocol(path.path))  # noqa: SLF001 - how fsspec makes it absolute
    return ObjectStoreTarget(file_system, path.path, address_of(path), shown_only_whole=scheme in SHOWN_ONLY_WHOLE)
