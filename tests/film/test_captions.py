from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.film.captions import (
    CaptionStyle,
    Cue,
    all_letters,
    decode,
    in_clips,
    read_text,
    read_values,
    to_ass,
    to_srt,
    within,
)

SRT = "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Two</i>\r\nlines\r\n\r\n2\r\n00:01:00,000 --> 00:01:01,000\r\nEnd\r\n"


def test_subrip_is_read() -> None:
    assert read_text(SRT) == [Cue(1, 2.5, "Two\nlines"), Cue(60, 61, "End")]


def test_webvtt_is_read_with_and_without_hours() -> None:
    text = (
        "WEBVTT\n\nNOTE none\n\nintro\n00:01.000 --> 00:02.500 align:start line:0\n<v Ann>Tea &amp; cake</v>\n\n"
        "01:00:00.000 --> 01:00:01.000\n<00:19.000>End"
    )

    assert read_text(text) == [Cue(1, 2.5, "Tea & cake"), Cue(3600, 3601, "End")]


def test_captions_without_the_empty_line_between_them_are_told_apart() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo"

    assert [each.text for each in read_text(text)] == ["One", "Two"]


def test_each_line_of_lyrics_stands_until_the_next() -> None:
    text = "[ti:Song]\n[00:01.50][00:09.00]Again\n[00:03.00]Once\n[00:05:50]\n"

    assert read_text(text) == [Cue(1.5, 3, "Again"), Cue(3, 5.5, "Once"), Cue(9, 14, "Again")]


def test_the_words_of_a_song_become_its_lines() -> None:
    words = [
        {"word": "[Verse]\nWaking ", "success": True, "startS": 1.25, "endS": 1.75},
        {"word": "up\n", "success": True, "startS": 1.75, "endS": 2.0},
        {"word": "again", "success": True, "startS": 3.0, "endS": 3.5},
        {"word": "(lost)", "success": False, "startS": None, "endS": None},
    ]
    lines = [Cue(1.25, 2.0, "Waking up"), Cue(3.0, 3.5, "again")]

    for said in (words, {"alignedWords": words}, {"data": {"alignedWords": words}}):
        assert read_values(said) == lines


def test_plain_values_are_read_in_the_order_of_their_times() -> None:
    values = [{"start": "2", "end": 3, "text": "b"}, {"start": 0, "end": 1.5, "text": "a"}]

    assert read_values(values) == [Cue(0, 1.5, "a"), Cue(2, 3, "b")]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "no caption with a time"),
        (5, "no list of mappings"),
        ([{"start": 0, "text": "x"}], "must have start and end"),
        ([{"start": 0, "end": float("nan"), "text": "x"}], "must have start and end"),
        ([{"start": 2, "end": 1, "text": "x"}], "ends at 1 s, before it begins at 2 s"),
        ([{"start": -1, "end": 1, "text": "x"}], "before it begins at -1 s"),
        ({"text": "x"}, "no alignedWords"),
    ],
)
def test_what_is_no_caption_is_refused(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_values(value)


@pytest.mark.parametrize("text", ["", "just words\nof a text", "WEBVTT\n\n01.000 --> 02.500\nno minutes"])
def test_a_text_without_times_is_none_of_captions(text: str) -> None:
    with pytest.raises(ValueError, match="no caption with a time"):
        read_text(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_captions_of_any_usual_encoding_are_read(encoding: str) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nÜber das Café naïve\n"

    assert read_text(decode(text.encode(encoding)))[0].text == "Über das Café naïve"


def test_captions_end_with_the_film() -> None:
    assert within([Cue(1, 9, "a"), Cue(5, 6, "b")], 5) == [Cue(1, 5, "a")]


def test_what_is_written_as_subrip_is_read_again() -> None:
    cues = [Cue(1.001, 2.5, "Two\nlines"), Cue(3661.5, 3662, "End")]

    assert to_srt(cues).startswith("1\n00:00:01,001 --> 00:00:02,500\nTwo\nlines\n\n2\n01:01:01,500")
    assert read_text(to_srt(cues)) == cues


@given(st.text())
def test_no_text_becomes_a_command_or_another_caption(text: str) -> None:
    cues = read_values([{"start": 0, "end": 1, "text": text}, {"start": 1, "end": 2, "text": "end"}])

    drawn = to_ass(cues, CaptionStyle(), (1280, 720)).split("[Events]\n")[1].splitlines()
    assert len(drawn) == len(cues) + 1
    for line in drawn[1:]:
        said = line.split(",,0,0,0,,", 1)[1]
        assert "{" not in said.replace("\\{", "")
    assert [each.text for each in read_text(to_srt(cues))][-1] == "end"
    assert len(read_text(to_srt(cues))) == len(cues)


def test_a_style_says_how_captions_look() -> None:
    style = CaptionStyle(font="Arial", size=0.1, color="#ffcc00", outline="#102030", bold=True, position="top")

    drawn = to_ass([Cue(1, 3661.25, "a\nb")], style, (1280, 720))

    assert "Style: Captions,Arial,72,&H0000CCFF,&H0000CCFF,&H00302010,&H80000000,-1," in drawn
    assert "PlayResX: 1280\nPlayResY: 720\n" in drawn
    assert ",8,64,64,40,1\n" in drawn
    assert "Dialogue: 0,0:00:01.00,1:01:01.25,Captions,,0,0,0,,a\\Nb\n" in drawn


def test_the_captions_of_clips_are_seen_as_long_as_these_but_for_a_moment_between() -> None:
    cues = in_clips(
        ["a", None, "", "b"], [Fraction(at) for at in (0, 5, 6, 7)], [Fraction(n, 2) for n in (10, 2, 2, 1)]
    )

    assert cues == [Cue(0, 4.8, "a"), Cue(7, 7.375, "b")]


def test_each_letter_of_captions_is_looked_at_once() -> None:
    assert all_letters([Cue(3, 4, "abba"), Cue(5, 6, "cab\nd")]) == [Cue(0, 1, "abcd")]
