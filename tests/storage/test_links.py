from __future__ import annotations

from airflow_provider_runway.storage.links import shown, usable_link


def test_what_signs_a_link_and_who_is_named_in_it_is_not_shown() -> None:
    assert (
        shown("https://user:word@cdn.example:8443/a/fox.mp4?X-Sig=s3cr3t#top") == "https://cdn.example:8443/a/fox.mp4"
    )
    assert shown("http://[::1") == "(an unreadable link)"


def test_a_usable_link_keeps_its_query_and_loses_its_credentials() -> None:
    assert (
        str(usable_link("https://user:word@cdn.example/fox.mp4?X-Sig=a%2Fb"))
        == "https://cdn.example/fox.mp4?X-Sig=a%2Fb"
    )
