"""Asking at the terminal, and where there is none."""

from __future__ import annotations

import pytest

from airflow_provider_runway.cli.asking import agree
from airflow_provider_runway.cli.ending import ExitCode

from .support import types


@pytest.mark.parametrize("answer", ["y\n", "Yes\n", " y \n"])
def test_a_person_agrees(answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    types(monkeypatch, answer)

    agree("It costs 12.", "Make it?", "Nothing was sent.", yes=False)
    assert capsys.readouterr() == ("", "It costs 12. Make it? [y/N] ")


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "no\n", "yep\n"])
def test_anything_else_is_a_no(
    answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    types(monkeypatch, answer)

    with pytest.raises(SystemExit) as ended:
        agree("It costs 12.", "Make it?", "Nothing was sent.", yes=False)
    assert ended.value.code == ExitCode.REFUSED
    assert capsys.readouterr().err.endswith("Nothing was sent.\n")


def test_who_has_agreed_beforehand_is_told_and_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    agree("It costs 12.", "Make it?", "Nothing was sent.", yes=True)
    assert capsys.readouterr().err == "It costs 12.\n"


def test_without_a_terminal_nobody_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        agree("It costs 12.", "Make it?", "Nothing was sent.", yes=False, yes_does="spends without asking")
    assert ended.value.code == ExitCode.REFUSED
    assert capsys.readouterr().err == (
        "It costs 12. There is no terminal to ask at: --yes spends without asking. Nothing was sent.\n"
    )
