from __future__ import annotations

import pytest

from airflow_provider_runway.publishing.identity import canonical, identity, origin, place, request_digest

URL = "https://Host.example:443/a/b.mp4?x=1&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Signature=s#top"


def test_a_signature_makes_no_difference() -> None:
    again = URL.replace("=c", "=k").replace("=d&", "=e&").replace("=s#", "=t#")
    assert identity("abc", URL) == identity("abc", again)
    assert request_digest("PUT", URL, "abc", {}, None) == request_digest("PUT", again, "abc", {}, None)
    assert canonical(URL) == "https://host.example/a/b.mp4?x=1"


@pytest.mark.parametrize("other", [URL.replace("x=1", "x=2"), URL.replace("/b.", "/c."), URL.replace("443", "444")])
def test_another_place_does(other: str) -> None:
    assert identity("abc", URL) != identity("abc", other)
    assert identity("abd", URL) != identity("abc", URL)


def test_a_key_stands_for_video_and_place_and_is_no_checksum() -> None:
    assert identity("abc", URL, "key") == identity("abd", "https://other.example/", "key")
    assert identity("abc", URL, "key") != identity("abc", URL, "another")
    assert identity("key", "key") != identity("", "", "key")


def test_what_people_see_has_no_query() -> None:
    assert place("http://[::1]:8080/a?token=x") == "http://[::1]:8080/a"
    assert (place("HTTPS://A.example"), origin("HTTPS://A.example:443/x")) == (
        "https://a.example/",
        "https://a.example",
    )


def test_names_of_headers_are_of_any_case() -> None:
    digests = {request_digest("PUT", URL, "abc", {name: "v"}, None) for name in ("X-A", "x-a")}
    assert len(digests) == 1
    assert request_digest("PUT", URL, "abc", {"x-a": "w"}, None) not in digests
