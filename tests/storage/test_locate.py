from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk import ObjectStoragePath
from versions import AIRFLOW

from airflow_provider_runway.storage.locate import locate

from .support import VIDEO, Shop, media_host, save, video_reply


def test_the_address_of_a_stored_video_leads_back_to_it_with_its_connection(shop: Shop) -> None:
    with media_host(video_reply) as host:
        by_text = save(host.link, "memory://mine@bucket/a.mp4")
        by_path = save(host.link, ObjectStoragePath("memory://bucket/b.mp4", conn_id="mine"))
    for address in (by_text.path, by_path.path):
        path = ObjectStoragePath(address)
        assert (path.conn_id if AIRFLOW >= (3, 2) else path.storage_options["conn_id"]) == "mine"
        assert path.path.startswith("/bucket/")
        assert path.read_bytes() == VIDEO


def test_a_path_of_this_machine_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert locate("films/", "x.mp4").uri == f"file://{tmp_path}/films/x.mp4"
    assert locate("~/fox.mp4", "x.mp4").uri == "file:///home/me/fox.mp4"
