from __future__ import annotations

import re
from pathlib import Path

import pytest

WORKFLOWS = sorted((Path(__file__).parents[2] / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)
def test_what_others_wrote_is_pinned_by_its_commit(workflow: Path) -> None:
    lines = workflow.read_text().splitlines()

    assert [line for line in lines if "uses:" in line and not PINNED.search(line)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_has_no_rights_but_those_that_a_job_asks_for(workflow: Path) -> None:
    assert "\npermissions: {}\n" in workflow.read_text()


def test_there_are_workflows() -> None:
    assert [file.name for file in WORKFLOWS] == ["ci.yml", "release.yml"]
