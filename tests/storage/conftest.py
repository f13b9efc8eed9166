from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.sdk import ObjectStoragePath
from airflow.sdk.io import store
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from .stand_ins import BUCKET, STAND_INS, STORES, ObjectStore, keys, lead_to_s3fs
from .support import Shop


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> Iterator[Shop]:
    shop = Shop()
    shop.put_paths = []
    shop.store.clear()
    monkeypatch.setitem(store._STORE_CACHE, "memory", store.ObjectStore("memory", None, fs=shop))
    monkeypatch.setitem(store._STORE_CACHE, "memory-mine", store.ObjectStore("memory", "mine", fs=shop))
    yield shop
    shop.store.clear()


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[[str], ObjectStore]]:
    """Starts a store by its name, with a bucket, and lets the connection ``films_store`` lead to it."""
    started: dict[str, ObjectStore] = {}
    with pytest.MonkeyPatch.context() as patch, ExitStack() as running:
        # gcsfs would ask over gRPC what kind of bucket it is, which the stand-in does not know.
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")

        def start(name: str) -> ObjectStore:
            is_new = name not in started
            if is_new:
                started[name] = running.enter_context(STAND_INS[name]())
            patch.setenv("AIRFLOW_CONN_FILMS_STORE", json.dumps(started[name].connection))
            lead_to_s3fs()
            if is_new:
                ObjectStoragePath(started[name].uri("")).fs.mkdir(BUCKET)
            return started[name]

        yield start
        store._STORE_CACHE.clear()


@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.stores) for name in STORES])
def running_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def running_store(running_name: str, start: Callable[[str], ObjectStore]) -> ObjectStore:
    return start(running_name)


@pytest.fixture
def object_store(running_store: ObjectStore) -> Iterator[ObjectStore]:
    """A store with an empty bucket."""
    yield running_store
    fs = ObjectStoragePath(running_store.uri("")).fs
    for name in running_store.names():
        fs.rm_file(f"{BUCKET}/{name}")


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[Any, S3FileSystem]]:
    """A plain client and a file system of a service of their own, with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    place = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    client = boto3.client("s3", **place, aws_access_key_id="key", aws_secret_access_key="secret")
    client.create_bucket(Bucket=BUCKET)
    yield client, S3FileSystem(key="key", secret="secret", client_kwargs=place, skip_instance_cache=True)
    client.close()
    server.stop()


@pytest.fixture
def s3(clients: tuple[Any, S3FileSystem], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The client; ``s3://`` leads to the same bucket."""
    client, file_system = clients
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setitem(store._STORE_CACHE, "s3", store.ObjectStore("s3", None, fs=file_system))
    yield client
    for upload in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()):
        client.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    for key in keys(client):
        client.delete_object(Bucket=BUCKET, Key=key)
