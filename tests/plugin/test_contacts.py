from __future__ import annotations

import math
from dataclasses import replace

import pytest

from airflow_provider_runway.hooks.settings import Settings
from airflow_provider_runway.kie.address import Address
from airflow_provider_runway.kie.callback_tokens import CallbackToken
from airflow_provider_runway.plugin import contacts as contacts_module
from airflow_provider_runway.plugin.contacts import Contacts
from airflow_provider_runway.utils.watches import LONGEST_GAP

TOKEN = CallbackToken(conn_id="one", dag_id="d", run_id="r", task_id="t", nonce="0" * 32, expires_at=9)
PROBE = TOKEN.as_probe(9)
SETTINGS = Settings(address=Address(api_key="k3y-of-mine"), upload_address=None)


@pytest.fixture
def contacts() -> Contacts:
    return Contacts(100.0)


def test_contacts_without_a_gap_are_one_stretch(contacts: Contacts) -> None:
    for now in (1000.0, 1000.0 + LONGEST_GAP, 1000.0 + 2 * LONGEST_GAP):
        contacts.heard(PROBE, SETTINGS, now)

    contact = contacts.contact(PROBE, now)
    assert (contact.began, contact.since, contact.now) == (100.0, 1000.0, now)
    contacts.heard(PROBE, SETTINGS, now + LONGEST_GAP + 1)
    assert contacts.contact(PROBE, now).since == now + LONGEST_GAP + 1


def test_each_connection_has_its_own(contacts: Contacts) -> None:
    contacts.heard(TOKEN, SETTINGS, 1000.0)
    other = replace(PROBE, conn_id="two")
    contacts.heard(other, SETTINGS, 1050.0)

    assert contacts.contact(other, 1050.0).since == 1050.0
    assert contacts.contact(other, 1050.0).called_at is None


def test_only_kie_is_said_to_have_called(contacts: Contacts) -> None:
    contacts.heard(PROBE, SETTINGS, 1000.0)
    contacts.heard(replace(TOKEN, dag_id=""), SETTINGS, 1001.0)
    assert contacts.contact(PROBE, 1002.0).called_at is None

    contacts.heard(replace(TOKEN, nonce="1" * 32), SETTINGS, 1003.0)
    assert contacts.contact(PROBE, 1004.0).called_at == 1003.0


def test_a_call_that_was_turned_away_counts_for_its_submission_alone(contacts: Contacts) -> None:
    contacts.heard(PROBE, SETTINGS, 1000.0)
    contacts.turned_away(TOKEN, 1010.0)

    assert contacts.contact(PROBE, 1020.0).spoilt_at == 1010.0
    assert contacts.contact(replace(TOKEN, nonce="1" * 32).as_probe(9), 1020.0).spoilt_at == -math.inf


def test_a_call_that_was_anybodys_counts_for_all(contacts: Contacts) -> None:
    contacts.heard(PROBE, SETTINGS, 1000.0)
    contacts.turned_away(None, 1010.0)

    assert contacts.contact(PROBE, 1020.0).spoilt_at == 1010.0


@pytest.mark.parametrize(
    "changed",
    [
        replace(SETTINGS, address=Address(api_key="another-k3y")),
        replace(SETTINGS, webhook_secret="whsec"),
    ],
)
def test_once_the_keys_are_others_calls_that_were_asked_for_before_are_void(
    contacts: Contacts, changed: Settings
) -> None:
    contacts.heard(PROBE, SETTINGS, 1000.0)
    contacts.heard(PROBE, changed, 1010.0)

    assert contacts.contact(PROBE, 1020.0).spoilt_at == 1010.0


def test_what_is_forgotten_of_many_counts_for_all(contacts: Contacts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts_module, "_MOST_SPOILT", 2)
    contacts.heard(PROBE, SETTINGS, 1000.0)
    for number in range(3):
        contacts.turned_away(replace(TOKEN, nonce=str(number)), 1001.0 + number)

    assert contacts.contact(PROBE, 1020.0).spoilt_at == 1001.0
