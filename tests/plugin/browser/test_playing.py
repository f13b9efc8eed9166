from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from plugin.browser.conftest import Open
from plugin.mock_page import MockPage, card, iso

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLAYS = "(selector) => document.querySelector(selector)?.currentTime > 0.05"


def is_playing(page: Page, selector: str = "video[controls]") -> None:
    page.wait_for_function(PLAYS, arg=selector)


def test_a_video_plays_in_its_place_when_it_is_pressed_by_mouse_or_keyboard(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, prompt="A fox"), card(2, prompt="A hare")]
    page = show()

    page.get_by_role("button", name="Play. Video: A fox").click()
    is_playing(page, "li:nth-child(1) video[controls]")
    page.get_by_role("button", name="Play. Video: A hare").press("Enter")
    is_playing(page, "li:nth-child(2) video[controls]")

    assert page.evaluate("document.querySelector('li:nth-child(1) video').paused"), "one plays at a time"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Play. Video: A hare").wait_for()
    assert page.evaluate("document.activeElement.ariaLabel") == "Play. Video: A hare"


def test_a_pointer_that_rests_on_a_card_starts_a_silent_preview(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1)]
    page = show()

    page.locator(".screen").hover()
    is_playing(page, "video.preview")
    assert page.evaluate("document.querySelector('video.preview').muted")
    page.mouse.move(900, 800)

    page.locator("video.preview").wait_for(state="detached")
    assert page.locator(".play").is_visible()


def test_nothing_moves_for_people_who_want_that(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1)]
    page = show(reduced_motion="reduce", clock=True)

    page.locator(".screen").hover()
    page.clock.run_for(2000)

    assert page.locator("video.preview").count() == 0


def test_the_stored_copy_comes_before_kies_link(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, media_url="media/stored.mp4", video_url="https://media.invalid/at-kie.mp4")]
    page = show()

    page.locator(".play").click()

    is_playing(page)
    assert page.evaluate("document.querySelector('video').src").endswith("/runway/media/stored.mp4")


def test_kies_link_plays_while_it_lives_and_the_card_says_why_the_stored_copy_cannot(
    mock: MockPage, show: Open
) -> None:
    note = "The stored copy is not below [runway] media_roots."
    at_kie = {"media_url": None, "media_note": note, "video_url": "media/at-kie.mp4", "saved_to": "s3://a/b.mp4"}
    mock.cards = [card(1, **at_kie)]
    page = show()

    page.locator(".play").click()

    is_playing(page)
    assert note in page.locator("article").inner_text()


def test_a_video_that_is_gone_says_so_and_has_no_player(mock: MockPage, show: Open) -> None:
    dead: dict[str, Any] = {"media_url": None, "expires_at": iso(days=1)}
    mock.cards = [card(1, **dead), card(2, media_note="The stored copy cannot be read: access denied.", **dead)]

    page = show()

    page.get_by_text("KIE.AI has deleted this video.").wait_for()
    page.get_by_text("The stored copy cannot be read: access denied.").wait_for()
    assert page.locator(".play").count() == 0


def test_a_picture_that_is_gone_is_replaced_by_the_videos_beginning(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, image_url="media/gone.jpg"), card(2, image_url=None)]

    page = show()

    page.locator("video.still").nth(1).wait_for()
    page.wait_for_function("() => [...document.querySelectorAll('video.still')].every((each) => each.readyState >= 1)")


def test_a_link_that_plays_no_more_is_renewed_on_request(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, media_url=None, video_url="media/gone.mp4")]
    mock.renewed = {"video_url": "media/renewed.mp4", "expires_at": iso(days=-1)}
    page = show()

    page.locator(".play").click()
    page.get_by_text("The link does not play any more.").wait_for()
    page.get_by_role("button", name="Ask KIE.AI for a new link").click()

    is_playing(page)
    asked = [path for path, _ in mock.asked if path.endswith("/link")]
    assert asked == ["videos/daily_videos/manual__2026-11-02T00%3A00%3A00%2B00%3A00/make_video/-1/link"]


def test_a_renewal_that_is_refused_says_why(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, media_url=None, video_url="media/gone.mp4")]
    page = show()

    page.locator(".play").click()
    page.get_by_role("button", name="Ask KIE.AI for a new link").click()

    page.locator(".note").get_by_text("KIE.AI no longer has this video.").wait_for()


def test_siblings_play_together_from_their_beginnings(mock: MockPage, show: Open) -> None:
    same = {"dag_id": "ab", "run_id": "run", "task_id": "variant"}
    mock.cards = [card(number, **same, map_index=number) for number in range(3)]
    page = show("?dag_id=ab&run_id=run")

    page.get_by_role("button", name="Play together").click()

    for number in (1, 2, 3):
        is_playing(page, f".frames li:nth-child({number}) video[controls]")
    assert page.evaluate("[...document.querySelectorAll('video')].every((video) => video.muted && !video.paused)")


def test_a_song_plays_below_its_cover_and_stops_what_else_is_heard(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, prompt="A fox"), card(2, prompt="A song", medium="audio", media_url="media/song.wav")]
    page = show()

    page.get_by_role("button", name="Play. Video: A fox").click()
    is_playing(page)
    page.get_by_role("button", name="Play. Sound: A song").click()
    is_playing(page, "audio[controls]")

    assert page.evaluate("document.querySelector('video[controls]').paused")
    assert page.locator("li:nth-child(2) .screen img").is_visible()


def test_a_song_without_a_cover_and_one_whose_cover_is_gone_can_be_played(mock: MockPage, show: Open) -> None:
    known = {"medium": "audio", "media_url": "media/song.wav"}
    mock.cards = [card(1, image_url=None, **known), card(2, image_url="media/gone.jpg", **known)]
    page = show()

    for place in (1, 2):
        page.locator(f"li:nth-child({place}) .play").click()
        is_playing(page, f"li:nth-child({place}) audio")


def test_a_picture_is_shown_and_opens(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, prompt="A hat", medium="image", media_url="media/hat.jpg", image_url=None)]
    page = show()

    page.wait_for_function("() => document.querySelector('.screen img')?.naturalWidth > 0")

    assert page.get_by_role("link", name="Open. Picture: A hat").get_attribute("href") == f"{mock.page}media/hat.jpg"
    assert page.locator(".play").count() == 0


def test_a_file_that_is_neither_seen_nor_heard_is_a_link(mock: MockPage, show: Open) -> None:
    mock.cards = [card(1, prompt="Words", medium="data", media_url="media/words.json", image_url=None)]
    page = show()

    assert page.get_by_role("link", name="Open. File: Words").inner_text() == "Open the file"


def test_of_a_task_with_several_files_each_can_be_had(mock: MockPage, show: Open) -> None:
    files = [
        {"type": "audio", "url": "media/1.wav", "saved_to": "/srv/1.wav"},
        {"type": "image", "url": None, "saved_to": "/srv/2.jpg"},
        {"type": "audio", "url": "javascript:alert(1)", "saved_to": None},
    ]
    mock.cards = [card(1, medium="audio", media_url="media/1.wav", files=files)]
    one = mock.cards[0]

    page = show(f"?dag_id={one['dag_id']}&run_id={quote(one['run_id'])}&task_id={one['task_id']}")

    listed = page.locator(".files li")
    listed.first.wait_for()
    assert listed.all_inner_texts() == ["1 audio", "2 image", "3 audio"]
    assert [link.get_attribute("href") for link in page.locator(".files a").all()] == [f"{mock.page}media/1.wav"]
