from __future__ import annotations

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.storage.content import (
    decoded,
    ends_within_a_box,
    is_error_page,
    is_no_picture,
    is_no_sound,
    is_no_video,
    is_text,
    media_suffix,
    suffix_of_link,
)

from .support import PAGE, PICTURE, VIDEO


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (VIDEO[:512], ".mp4"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", ".mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0", ".mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", ".mov"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81", ".webm"),
        (PICTURE[:512], ".png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", ".jpg"),
        (b"GIF89a\x01\0", ".gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", ".webp"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", ".avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", ".heic"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", ".svg"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<svg>", ".svg"),
        (b"ID3\x04\0\0\0\0", ".mp3"),
        (b"\xff\xfb\x90\x64", ".mp3"),
        (b"\xff\xf3\x44\xc4", ".mp3"),
        (b"\xff\xf1\x50\x80", ".aac"),
        (b"\xff\xf9\x50\x80", ".aac"),
        (b"RIFF\x24\0\0\0WAVEfmt ", ".wav"),
        (b"OggS\0\2", ".ogg"),
        (b"fLaC\0\0\0\x22", ".flac"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", ".m4a"),
    ],
)
def test_pictures_sound_and_videos_are_told_by_their_first_bytes(head: bytes, suffix: str) -> None:
    assert media_suffix(head) == suffix


@pytest.mark.parametrize(
    "head",
    [PAGE[:512], b"<?xml version='1.0'?><Error>NoSuchKey</Error>", b'{"code": 404}', b"<html><svg></svg></html>", b"",
     b"\xff", b"RIFF\x24\0\0\0AVI ", b"PK\3\4", b"glTF\2\0\0\0"],
)  # fmt: skip
def test_anything_else_is_told_by_nothing(head: bytes) -> None:
    assert media_suffix(head) is None


TEXT = "<!DOCTYPE html><html><body>Désolé, an error has occurred: café fermé.</body></html>" * 8


@pytest.mark.parametrize("cut", [40, 101, 512])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252", "cp437"]
)
def test_a_page_in_any_encoding_is_text_wherever_it_is_cut(encoding: str, cut: int) -> None:
    head = TEXT.encode(encoding)[:cut]
    assert is_text(head, "")
    assert media_suffix(head) is None
    assert "<!DOCTYPE" in decoded(head)


@pytest.mark.parametrize("encoding", ["gbk", "shift_jis", "euc_kr"])
def test_a_page_of_the_far_east_is_text(encoding: str) -> None:
    page = {"gbk": "文件不存在", "shift_jis": "ファイルがありません", "euc_kr": "파일이 없습니다"}[encoding]
    assert is_text(f"<html><head><title>404</title></head><body><p>{page}</p></body></html>".encode(encoding), "")


@pytest.mark.parametrize(
    "head", [b"glTF\2\0\0\0" + bytes(60), b"\0\1" * 400, bytes(range(256)) * 2, b"\xff\xfb\x90\x64" + bytes(range(60)),
             *(beginning + random.Random(3).randbytes(60) for beginning in (b"", b"PK\3\4", bytes(452)))]
)  # fmt: skip
def test_other_bytes_are_no_text(head: bytes) -> None:
    assert not is_text(head, "application/octet-stream")


@pytest.mark.parametrize(
    ("link", "suffix"),
    [
        ("https://f.com/a/fox.mp4", ".mp4"),
        ("https://f.com/a/fox.PNG?signature=a.b", ".png"),
        ("https://f.com/model.glb#x", ".glb"),
        ("https://f.com/fox", ""),
        ("https://f.com/v1.2/fox", ""),
        ("https://f.com/", ""),
        ("https://f.com/page.html", ""),
        ("https://f.com/get.php?file=fox.mp4", ""),
        ("https://f.com/fox.averylongword", ""),
        ("https://f.com/fox.m p", ""),
        ("https://[f.com/fox.mp4", ""),
        ("", ""),
    ],
)
def test_a_link_may_say_what_is_behind_it(link: str, suffix: str) -> None:
    assert suffix_of_link(link) == suffix


@given(st.binary(max_size=64), st.text())
def test_any_bytes_and_any_link_can_be_asked(head: bytes, link: str) -> None:
    suffix = media_suffix(head)
    assert suffix is None or suffix.startswith(".")
    assert "/" not in suffix_of_link(link)
    is_text(head, "")


@pytest.mark.parametrize(
    ("head", "link", "is_page"),
    [
        (b"[Verse]\nSnow", "https://f.com/song.txt", False),
        (b'{"words": []}', "https://f.com/words.json?sig=1", False),
        (b"1\n00:00:01,000 --> 00:00:02,000\nSnow", "https://f.com/a.SRT", False),
        (b"v 0 0 0\nv 1 0 0", "https://f.com/fox.obj", False),
        (b"<!DOCTYPE html><html>", "https://f.com/song.txt", True),
        (" <?xml version='1.0'?><Error/>".encode("utf-16"), "https://f.com/words.json", True),
        (b"[Verse]\nSnow", "https://f.com/song.mp3", True),
        (b'{"code": 404}', "https://f.com/song", True),
        (PICTURE[:512], "https://f.com/song.txt", False),
    ],
)
def test_text_is_an_error_page_unless_the_link_says_that_it_is_text(head: bytes, link: str, is_page: bool) -> None:
    assert is_error_page(head, "", link) is is_page
    assert is_error_page(head, "text/plain", link) is is_page


@pytest.mark.parametrize(
    ("head", "is_none"),
    [
        (VIDEO[:512], False),
        (b"\x1a\x45\xdf\xa3\x9f", False),
        (b"G@\x00\x10\x00" + bytes(100), False),
        (b"RIFF\x24\0\0\0AVI LIST", False),
        (PICTURE[:512], True),
        (b"\x1f\x8b\x08" + bytes(100), True),
        (PAGE[:512], True),
        (PAGE.decode().encode("utf-16"), True),
    ],
)
def test_a_video_is_not_taken_for_anything_that_is_known_to_be_something_else(head: bytes, is_none: bool) -> None:
    assert is_no_video(head, "") is is_none


WHOLE = b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x10moov" + bytes(8) + b"\0\0\0\x20mdat" + bytes(24)
TAILS = [
    b"\0" * 4,
    b"\0" * 100,
    b"\r\n",
    b"trailing text of an edge",
    b"Signature of our CDN: 0123456789abcdef",
    b"zzzzfree",
    b"\x7f\xff\xff\xffabcd",
    b"\0\0\0\1uuid" + b"\xff" * 8,
]


@pytest.mark.parametrize("tail", TAILS)
def test_what_stands_behind_the_last_box_cuts_nothing_off(tail: bytes) -> None:
    assert not ends_within_a_box(io.BytesIO(WHOLE + tail))


@pytest.mark.parametrize("length", [17 + 8, len(WHOLE) - 24, len(WHOLE) - 1])
def test_a_video_that_ends_within_a_box_of_its_own_is_cut_off(length: int) -> None:
    assert ends_within_a_box(io.BytesIO(WHOLE[:length]))


MP3, WAVE = b"ID3\x04" + b"\0\1\2\3" * 50, b"RIFF\x24\0\0\0WAVEfmt "
M4A, PNG, SVG = b"\0\0\0\x20ftypM4A " + bytes(40), b"\x89PNG\r\n\x1a\n" + bytes(40), b"<svg xmlns='x'></svg>"


@pytest.mark.parametrize(
    ("head", "content_type", "is_none"),
    [
        (MP3, "", False),
        (MP3, "text/plain", False),
        (WAVE, "application/octet-stream", False),
        (M4A, "", False),
        (b"\x1a\x45\xdf\xa3" + bytes(40), "audio/webm", False),
        (b"\x81\x92\xa3\xfe" * 20, "", False),
        (b"<!doctype html><p>Gone", "audio/mpeg", True),
        (b'{"code": 404}', "", True),
        (PNG, "audio/mpeg", True),
        (SVG, "", True),
        (b"PK\3\4" + bytes(40), "", True),
    ],
)
def test_sound_is_told_from_what_is_certainly_none(head: bytes, content_type: str, is_none: bool) -> None:
    assert is_no_sound(head, content_type) is is_none


@pytest.mark.parametrize(
    ("head", "content_type", "is_none"),
    [
        (PNG, "", False),
        (PNG, "text/html", False),
        (SVG, "text/xml", False),
        (b"\0\0\0\x20ftypavif" + bytes(40), "", False),
        (b"\0\0\0\x20ftypheic" + bytes(40), "", False),
        (b"\x81\x92\xa3\xfe" * 20, "", False),
        (b"<html>Gone", "image/png", True),
        (b"Not found", "", True),
        (MP3, "image/png", True),
        (WAVE, "", True),
        (b"\0\0\0\x20ftypisom" + bytes(40), "image/png", True),
        (b"%PDF-1.7" + bytes(40), "", True),
    ],
)
def test_a_picture_is_told_from_what_is_certainly_none(head: bytes, content_type: str, is_none: bool) -> None:
    assert is_no_picture(head, content_type) is is_none
