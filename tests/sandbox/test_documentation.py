from __future__ import annotations

import re
from pathlib import Path

from airflow_provider_runway.sandbox import SandboxControl
from airflow_provider_runway.sandbox.cli import _parser
from airflow_provider_runway.sandbox.client import connection_json
from airflow_provider_runway.sandbox.control import _HANDLERS
from airflow_provider_runway.sandbox.faults import ACTIONS, PURPOSES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_its_connection_has_one_form_wherever_it_is_shown() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        page.name: re.findall(r"AIRFLOW_CONN_RUNWAY_DEFAULT='(\{[^']*sandbox-key[^']*)'", page.read_text("utf-8"))
        for page in pages
    }

    assert {form for forms in shown.values() for form in forms} == {
        connection_json("http://127.0.0.1:8123", "sandbox-key")
    }
    assert {name for name, forms in shown.items() if forms} >= {"index.md", "connection.md", "sandbox.md"}


def test_every_action_and_purpose_is_on_the_page() -> None:
    assert [action.__name__ for action in ACTIONS.values() if f"| `{action.__name__}(" not in PAGE] == []
    assert [purpose for purpose in PURPOSES if f'`"{purpose}"`' not in PAGE] == []


def test_every_option_of_the_command_is_on_the_page_and_no_other() -> None:
    options = {option for action in _parser()._actions for option in action.option_strings if option.startswith("--")}

    assert set(re.findall(r"`(--[a-z-]+)`", PAGE)) == options - {"--help"}


def test_every_control_is_on_the_page() -> None:
    names = {name for _, name in _HANDLERS}
    public = {name for name in vars(SandboxControl) if not name.startswith("_")} - {"close", "wait_until_ready"}

    assert [name for name in names if f"{name}" not in PAGE] == []
    assert [name for name in public if f"`{name}" not in PAGE] == []
