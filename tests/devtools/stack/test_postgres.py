from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from devtools.stack import postgres as module
from devtools.stack.postgres import (
    CARELESS,
    NOBODY,
    _folder,
    binaries,
    can_run,
    dump,
    plain,
    postgres,
    postgres_or_sqlite,
)
from devtools.stack.processes import ProcessDiedError

needs_postgres = pytest.mark.skipif(not can_run(), reason="there is no PostgreSQL here")


def servers(port: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if f"port={port}" in process.cmdline():
                found.append(process.pid)
    return found


def ask(url: str, sql: str) -> object:
    import psycopg2

    connection = psycopg2.connect(plain(url))
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]
    finally:
        connection.close()


@needs_postgres
def test_a_cluster_of_ones_own_answers_and_is_gone_afterwards_even_with_a_client_on_it(tmp_path: Path) -> None:
    import psycopg2

    with postgres(tmp_path / "postgres", CARELESS) as url:
        port = url.rpartition(":")[2].partition("/")[0]
        assert ask(url, "SHOW fsync") == "off"
        folder = Path(str(ask(url, "SHOW data_directory"))).parent
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
        assert all(psutil.Process(pid).uids().effective != 0 for pid in servers(port))
        client = psycopg2.connect(plain(url))

    client.close()
    assert servers(port) == []
    assert not folder.exists()
    assert "ready to accept connections" in (tmp_path / "postgres" / "postgres.log").read_text()


@needs_postgres
def test_all_that_it_holds_can_be_read_in_a_file(tmp_path: Path) -> None:
    with postgres(tmp_path, CARELESS) as url:
        ask(url, "CREATE TABLE said AS SELECT 'a word' AS word; COMMIT; SELECT 1")
        dump(url, tmp_path / "database.sql")

    assert "a word" in (tmp_path / "database.sql").read_text()


@needs_postgres
def test_nobody_gets_in_without_the_password(tmp_path: Path) -> None:
    import psycopg2

    with postgres(tmp_path, CARELESS) as url, pytest.raises(psycopg2.OperationalError, match="authentication"):
        ask(f"{url.rpartition(':')[0].rpartition(':')[0]}:wrong@{url.rpartition('@')[2]}", "SELECT 1")


@needs_postgres
def test_a_server_that_does_not_start_is_told_with_its_words_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(ProcessDiedError, match=r"(?s)ended with code 1.*no_such_setting"),
        postgres(tmp_path, {"no_such_setting": "1"}),
    ):
        pass

    assert [path.name for path in tmp_path.iterdir()] == ["postgres.log"]


def test_without_its_programs_the_database_is_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert binaries() is None
    with postgres_or_sqlite(tmp_path) as url:
        assert url is None
    with pytest.raises(ProcessDiedError, match="no PostgreSQL"), postgres(tmp_path):
        pass


def test_without_what_python_reaches_it_by_the_database_is_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DRIVERS", ("no_such_driver",))

    with postgres_or_sqlite(tmp_path) as url:
        assert url is None


def test_of_several_versions_the_newest_is_taken_that_has_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version, programs in {"9.6": ("initdb", "postgres"), "15": ("initdb", "postgres"), "17": ("initdb",)}.items():
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for program in programs:
            (folder / program).touch()
    monkeypatch.setattr(module, "DEBIAN", tmp_path)

    assert binaries() == tmp_path / "15" / "bin"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
def test_where_its_user_cannot_get_its_files_are_elsewhere(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    opened = Path(tempfile.mkdtemp())
    opened.chmod(0o755)

    elsewhere, inside = _folder(tmp_path, NOBODY), _folder(opened, NOBODY)

    try:
        assert not elsewhere.is_relative_to(tmp_path)
        assert inside.parent == opened
        assert elsewhere.owner() == inside.owner() == NOBODY
    finally:
        for folder in (elsewhere, opened):
            shutil.rmtree(folder)
