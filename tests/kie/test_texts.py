from __future__ import annotations

import pytest

from airflow_provider_runway.kie.texts import as_sentence, read_message, shorten


def test_a_text_is_shortened_to_one_printable_line() -> None:
    assert shorten(" a\n\tb  c ") == "a b c"
    assert shorten("x" * 50, 10) == f"{'x' * 10}…"
    assert shorten("x" * 10, 10) == "x" * 10
    assert shorten("nul\0 half\ud800") == "nul\ufffd half\ufffd"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("later", "later."),
        ("later.", "later."),
        ("later..", "later."),
        ("later. ", "later."),
        ("later!", "later!"),
        ("后再试。", "后再试。"),
        ("cut…", "cut…"),
        ("", "."),
    ],
)
def test_a_sentence_has_one_mark_at_its_end(text: str, sentence: str) -> None:
    assert as_sentence(text) == sentence


@pytest.mark.parametrize("value", [None, "", " \n\t", 5, ["x"], {}, True])
def test_what_says_nothing_is_no_message(value: object) -> None:
    assert read_message(value) is None


def test_a_message_is_one_printable_line_of_bounded_length() -> None:
    assert read_message(" a\n\x1b[2Jb\u202e\0 ") == "a \ufffd[2Jb\ufffd\ufffd"
    assert read_message("x" * 3_000_000) == "x" * 1000 + "…"
