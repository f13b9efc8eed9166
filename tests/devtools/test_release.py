from __future__ import annotations

import pytest

from airflow_provider_runway import __version__
from devtools.release import ROOT, faults_of, main, version

CHANGES = "# Changes\n\n## 1.0.0rc1 (2026-11-26)\n\n- Something.\n"


def test_a_tag_that_is_the_version_and_has_its_changes_can_be_released() -> None:
    assert faults_of("v1.0.0rc1", "1.0.0rc1", CHANGES) == []


@pytest.mark.parametrize("tag", ["1.0.0rc1", "v1.0.0", "v1.0.0rc10", ""])
def test_another_tag_is_refused_with_the_right_one(tag: str) -> None:
    [fault] = faults_of(tag, "1.0.0rc1", CHANGES)

    assert fault == f"The tag is {tag}, the version 1.0.0rc1: tag v1.0.0rc1."


def test_a_version_without_a_section_of_changes_is_refused() -> None:
    assert faults_of("v1.0.0", "1.0.0", CHANGES) == ["CHANGELOG.md has no section for 1.0.0."]


def test_the_version_is_read_from_the_project() -> None:
    assert version('[project]\nname = "x"\nversion = "1.2.3"\n') == "1.2.3"
    with pytest.raises(ValueError, match="names no version"):
        version("[project]\n")


def test_this_release_has_one_version_and_its_changes() -> None:
    assert version((ROOT / "pyproject.toml").read_text()) == __version__
    assert main(["tag", f"v{__version__}"]) == 0


def test_the_command_fails_on_a_wrong_tag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tag", "v0.0.0"]) == 1
    assert "tag v" in capsys.readouterr().err
