from __future__ import annotations

import base64
import html
import json
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.concealment import Secret

KEY = 'Zq7#a-very"secret/key\\1&2'
PLAIN = "plain-key-0123456789"
ESCAPED = "".join(f"\\u{ord(each):04x}" for each in KEY)
SPELLINGS = {
    "as it is": KEY,
    "in capitals": KEY.upper(),
    "in small letters": KEY.lower(),
    "as JSON": json.dumps(KEY)[1:-1],
    "as JSON in JSON": json.dumps(json.dumps(KEY)[1:-1])[1:-1],
    "as JSON with all characters escaped": ESCAPED,
    "with capital digits": ESCAPED.upper().replace("\\U", "\\u"),
    "with some characters escaped": ESCAPED[:12] + KEY[2:],
    "in a URL": quote(KEY, safe=""),
    "in a URL with all characters escaped": "".join(f"%{ord(each):02X}" for each in KEY),
    "in a URL in a URL": quote(quote(KEY, safe=""), safe=""),
    "in HTML": html.escape(KEY),
    "in HTML with numbers": "".join(f"&#{ord(each)};" for each in KEY),
    "in HTML with other numbers": "".join(f"&#x{ord(each):X};" for each in KEY),
    "as Python shows bytes": "".join(f"\\x{ord(each):02x}" for each in KEY),
    "in digits": KEY.encode().hex(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_blotted_out_however_it_is_spelled(spelling: str) -> None:
    assert Secret(KEY).conceal(f"<p>{SPELLINGS[spelling]}</p>") == "<p>***</p>"


@pytest.mark.parametrize("before", ["", "B", "Be", "Bearer ", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_of_a_secret_in_base64_too_little_is_left_to_read(before: str, encode: Callable[[bytes], bytes]) -> None:
    shown = Secret(KEY).conceal(encode(f"{before}{KEY}!".encode()).decode())
    assert "***" in shown
    assert len(shown.rpartition("***")[2]) <= 8


def test_a_word_is_no_secret() -> None:
    assert Secret("code").conceal('{"code": 200}') == '{"code": 200}'


def test_what_is_not_the_secret_stays() -> None:
    text = "https://files.example/v.mp4?x=%20&y=Zq7 \\u005a Zq7#a-very"
    assert Secret(KEY).conceal(text) == text


def test_a_json_value_loses_it_in_all_its_texts() -> None:
    value = {KEY: [KEY, 7, None, True, {"x": f"a{KEY}b"}]}
    assert Secret(KEY).conceal_in(value) == {"***": ["***", 7, None, True, {"x": "a***b"}]}


def test_nothing_shows_the_secret_itself() -> None:
    assert KEY not in repr(Secret(KEY))


@pytest.mark.parametrize("filling", ["\\", "%25", "&#0", "Zq7#a", 'Zq7#a-very"secret/key'])
def test_a_long_text_made_to_be_slow_is_read_once(filling: str) -> None:
    """What is tried again from each place grows with the square: this would take hours."""
    text = filling * 200_000
    assert Secret(KEY).conceal(text) == text


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), st.randoms(use_true_random=False))
def test_any_mixture_of_spellings_is_found(key: str, choice: random.Random) -> None:
    ways: list[Callable[[str], str]] = [
        str,
        str.upper,
        lambda c: f"\\u{ord(c):04X}",
        lambda c: f"%{ord(c):02x}",
        lambda c: f"&#{ord(c)};",
    ]
    mixed = "".join(choice.choice(ways)(each) for each in key)
    assert Secret(key).conceal(f"[{mixed}]").replace("***", "") == "[]"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_the_quick_look_at_an_answer_misses_no_spelling(spelling: str, ensure_ascii: bool) -> None:
    inner = json.dumps({"param": f"Bücher: {SPELLINGS[spelling]}"}, ensure_ascii=ensure_ascii)
    assert Secret(KEY).may_be_in(json.dumps({"data": [inner]}, ensure_ascii=ensure_ascii))


@pytest.mark.parametrize(
    "spelled",
    [
        PLAIN.upper(),
        PLAIN.replace("s", "\u017f").replace("k", "\u212a"),  # no ASCII, but the same in any case
        PLAIN.encode().hex().upper(),
        base64.b64encode(f"user:{PLAIN}".encode()).decode(),
        base64.b64encode(f"Bearer {PLAIN}".encode()).decode(),
        "".join(f"\\u{ord(each):04x}" for each in PLAIN),
        quote(PLAIN[:4]) + "".join(f"%{ord(each):02X}" for each in PLAIN[4:]),
        "".join(f"&#{ord(each)};" for each in PLAIN),
    ],
)
def test_the_quick_look_finds_a_key_without_odd_characters(spelled: str) -> None:
    assert Secret(PLAIN).may_be_in(f'{{"msg": "of \\"{spelled}\\""}}')


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8),
    st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
    st.randoms(use_true_random=False),
)
def test_the_quick_look_is_never_wrongly_no(key: str, other: object, choice: random.Random) -> None:
    ways: list[Callable[[str], str]] = [
        *(str.upper, str.lower, json.dumps, quote, html.escape),
        lambda text: text.encode().hex(),
    ]
    value = {"msg": f"{choice.choice(ways)(key)} {choice.choice(ways)(key)}", "data": other}
    secret, text = Secret(key), json.dumps(value, ensure_ascii=choice.choice([True, False]))
    assert secret.may_be_in(text) or secret.conceal_in(value) == value


def test_an_answer_that_escapes_nothing_but_quotes_need_not_be_gone_through() -> None:
    assert not Secret(PLAIN).may_be_in('{"code": 200, "data": {"param": "{\\"prompt\\": \\"Ein Fuchs, größer\\"}"}}')


def test_what_may_be_nested_too_deeply_is_gone_through() -> None:
    assert Secret(PLAIN).may_be_in("[" * 1000 + "]" * 1000)
