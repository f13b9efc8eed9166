from __future__ import annotations

from fractions import Fraction

import pytest

from airflow_provider_runway.film.facts import Facts, SoundFacts, VideoFacts, read_facts

# What ffmpeg 9.0 writes and prints of two files.
HEADERS = """\
#extradata 0:       38, 0xe7440b04
#extradata 1:       37, 0xf1c50c6b
#extradata 2:        5, 0x03460155
#software: Lavf63.1.102
#tb 0: 1/15360
#media_type 0: video
#codec_id 0: h264
#dimensions 0: 180x320
#sar 0: 1/1
#tb 1: 1/30000
#media_type 1: video
#codec_id 1: h264
#dimensions 1: 320x180
#sar 1: 4/3
#tb 2: 1/44100
#media_type 2: audio
#codec_id 2: aac
#sample_rate 2: 44100
#channel_layout_name 2: mono
0,          0,          0,      512,     7713, 0xbd057808
"""
INPUTS = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:clip-001.mp4':
  Metadata:
    title           : Stream mapping: Output #0, Input #7, 99 fps
                    : Stream #0:0 -> #0:5 (copy)
  Duration: 00:01:02.50, start: 0.000000, bitrate: 750 kb/s
  Stream #0:0[0x1](und): Video: h264 (avc1 / 0x31637661), yuv420p(progressive), 180x320 [SAR 1:1], 30 fps, 30 tbr
    Metadata:
      handler_name    : VideoHandler
    Side data:
      displaymatrix: rotation of -90.00 degrees
Input #1, mov,mp4,m4a,3gp,3g2,mj2, from 'file:clip-002.mp4':
  Duration: N/A, start: 0.000000, bitrate: N/A
  Stream #1:0[0x1](und): Video: h264 (avc1 / 0x31637661), yuvj420p(pc, bt709), 320x180 [SAR 4:3], 29.97 fps, 29.97 tbr
  Stream #1:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 69 kb/s (default)
"""
MAPPING = """\
Stream mapping:
  Stream #0:0 -> #0:0 (copy)
  Stream #1:0 -> #0:1 (copy)
  Stream #1:1 -> #0:2 (copy)
"""
OUTPUT = """\
Output #0, framecrc, to 'pipe:1':
  Stream #0:0(und): Video: h264 (avc1 / 0x31637661), gray, 180x320 [SAR 1:1], q=2-31, 12 fps, 12 tbr, 15360 tbn
  Stream #0:1(und): Video: h264 (avc1 / 0x31637661), gray, 180x320 [SAR 1:1], q=2-31, 12 fps, 12 tbr, 15360 tbn
"""
FIRST = Facts(
    seconds=Fraction(125, 2),
    video=VideoFacts(
        codec="h264",
        extradata="38, 0xe7440b04",
        width=180,
        height=320,
        pixel_shape=Fraction(1),
        rotation=270,
        fps=Fraction(30),
        time_base="1/15360",
        pixel_format="yuv420p",
    ),
)
SECOND = Facts(
    seconds=None,
    video=VideoFacts(
        codec="h264",
        extradata="37, 0xf1c50c6b",
        width=320,
        height=180,
        pixel_shape=Fraction(4, 3),
        rotation=0,
        fps=Fraction(30000, 1001),
        time_base="1/30000",
        pixel_format="yuvj420p",
    ),
    sound=SoundFacts(codec="aac", extradata="5, 0x03460155", rate="44100", layout="mono", time_base="1/44100"),
)


@pytest.mark.parametrize("printed", [INPUTS + MAPPING + OUTPUT, INPUTS + OUTPUT + MAPPING], ids=["since 6", "before"])
def test_the_facts_of_each_file_are_read_from_what_ffmpeg_prints(printed: str) -> None:
    assert read_facts(2, HEADERS, printed) == [FIRST, SECOND]


def test_pictures_that_are_turned_or_have_pixels_of_another_shape_are_known_by_how_they_are_shown() -> None:
    assert FIRST.video is not None
    assert SECOND.video is not None
    assert FIRST.video.shown == (320, 180)
    assert SECOND.video.shown == (427, 180)


@pytest.mark.parametrize(
    "text", ["", "nonsense\n", "Input #0, x, from 'y':\n", "#dimensions 0: 0x0\n#media_type 0: video\n"]
)
def test_of_what_says_nothing_nothing_is_known(text: str) -> None:
    assert read_facts(1, text, text) == [Facts(seconds=None)]
