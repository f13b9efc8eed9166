"""Addresses of files, taken apart: what stands behind the scheme is a path as it is, with ``#``, ``?`` and ``%`` in it.

That is how Airflow's ``ObjectStoragePath`` reads them; a URI reads them otherwise, so each file's URI is made here.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

# What the path of a URI may have as it is (RFC 3986, pchar).
_AS_IT_IS = "/:@!$&'()*+,;=~"


class FileAddress(NamedTuple):
    """The address of a file.

    :param scheme: Such as ``s3``, in lower case.
    :param authority: The bucket, container or host, without the id of a connection; empty for a local file.
    :param path: The path as it is, from its first slash on.
    """

    scheme: str
    authority: str
    path: str

    @classmethod
    def read(cls, address: str) -> FileAddress:
        """Take an address with a scheme apart."""
        scheme, _, rest = address.partition("://")
        authority, slash, path = rest.partition("/")
        return cls(scheme.lower(), authority.rpartition("@")[2], slash + path)

    @property
    def uri(self) -> str:
        """The one URI of this file, whoever reads it: ASCII, percent-encoded."""
        authority, path = (quote(part, _AS_IT_IS, errors="surrogateescape") for part in (self.authority, self.path))
        return f"{self.scheme}://{authority}{path}"


def is_folder_address(text: str) -> bool:
    """Whether this leads to the same folder from wherever it is read: an absolute path, or a URI with a bucket.

    A URI that has a password in it is none: the folder is named in messages, and its key belongs into a connection.
    """
    return _FOLDER.fullmatch(text) is not None and text.isprintable()


# Local ones have no host.
_FOLDER = re.compile(r"/.*|(?i:file):///[^/].*|(?!(?i:file):)[A-Za-z][A-Za-z0-9+.-]*://(?![^/]*:[^/]*@)[^/\s].*")
