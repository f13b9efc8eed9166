"""Every test here runs a command in its own process, against the sandbox."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from versions import AIRFLOW

from airflow_provider_runway.hooks.runway import GenerateRequest, RunwayHook
from airflow_provider_runway.operators.submission import Stage
from airflow_provider_runway.sandbox import Sandbox
from airflow_provider_runway.storage.record_entries import Coordinates
from airflow_provider_runway.storage.records import RecordsFolder

from .support import FOX, INTENT, RUNWAY, Call, Done, Record

if TYPE_CHECKING or AIRFLOW >= (3, 2):
    from airflow.cli.cli_parser import get_parser
else:
    from airflow_provider_runway.cli.__main__ import get_parser


@pytest.fixture
def server_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets this for its process, which is that of the tests here."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*words: str) -> Done:
        capsys.readouterr()
        code: Any = 0
        try:
            arguments = get_parser().parse_args([*shlex.split(RUNWAY)[1:], *words] if AIRFLOW >= (3, 2) else words)
            arguments.func(arguments)
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return Done(int(code), said.out, said.err)

    return call


@pytest.fixture
def task_id(kie: Sandbox) -> str:
    """A video that is being made."""
    with RunwayHook() as hook:
        return hook.submit(GenerateRequest(prompt="A fox", aspect_ratio="16:9"))


@pytest.fixture
def folder(tmp_path: Path, kie: Sandbox, monkeypatch: pytest.MonkeyPatch) -> RecordsFolder:
    monkeypatch.setenv("AIRFLOW__RUNWAY__RECORDS", str(tmp_path))
    return RecordsFolder(str(tmp_path))


@pytest.fixture
def record(folder: RecordsFolder) -> Record:
    def record(*stages: Stage, task_id: str = "task-1", number: int = 1, **where: Any) -> Coordinates:
        """An Airflow task with a submission that went through these stages."""
        of = replace(FOX, **where)
        assert folder.create(of, number, f"nonce {number}", INTENT.to_json())
        for stage in stages:
            named = None if stage is Stage.UNSENT else task_id
            said = replace(INTENT, stage=stage, task_id=named)
            folder.add_outcome(of, number, f"nonce {number}", "try 1", said.to_json())
        return of

    return record
