"""A secret, found again in whatever spelling a service sends it back, and blotted out."""

from __future__ import annotations

import base64
import re
from typing import Any

BLOT = "***"
# A word shorter than this may stand in any answer, and no real key is so short.
_SHORTEST = 8
# Each spelling of a character that is not the character itself has one of these.
_ESCAPES = ("\\", "%", "&")
# What has so many brackets may be nested too deeply, which only a look at each value tells.
_NESTED = 100
_NAMES = {'"': "quot", "&": "amp", "'": "apos", "<": "lt", ">": "gt"}


class Secret:
    """A text that nobody may read who does not know it already. Never shown in ``repr``.

    :param text: The secret. One of less than 8 characters is no secret: it may stand in any text.
    """

    def __init__(self, text: str) -> None:
        self._pattern = re.compile(_spellings(text)) if len(text) >= _SHORTEST else None
        # All spellings that escape nothing, in small letters; of other characters upper and lower case may differ more.
        self._unescaped = {each.casefold() for each in (text, *_wholes(text))} if text.isascii() else {""}
        # No spelling of a character is longer than this.
        self.longest = 16 * len(text)

    def __repr__(self) -> str:
        return f"Secret({BLOT})"

    def conceal(self, text: str) -> str:
        """The text without the secret: in any case, and escaped as JSON, URLs, HTML, Base64 and the like do it."""
        return text if self._pattern is None else self._pattern.sub(BLOT, text)

    def may_be_in(self, json_text: str) -> bool:
        """Whether :meth:`conceal_in` may find the secret in what a JSON text holds: quick, and never wrongly no.

        Most answers escape nothing but quotes: then what they hold stands in the text as it is.
        """
        text = json_text.replace('\\"', '"')
        if any(mark in text for mark in _ESCAPES) or text.count("{") + text.count("[") >= _NESTED:
            return True
        text = text.casefold()
        return any(each in text for each in self._unescaped)

    def conceal_in(self, value: Any) -> Any:
        """A JSON value without the secret in any of its texts.

        :raises RecursionError: If it is nested too deeply.
        """
        if isinstance(value, str):
            return self.conceal(value)
        if isinstance(value, dict):
            return {self.conceal(name): self.conceal_in(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.conceal_in(each) for each in value]
        return value


def _spellings(text: str) -> str:
    """A regular expression for all spellings: each begins with a fixed character, and no repetition is unbounded."""
    return "|".join(["".join(map(_spellings_of_one, text)), *map(re.escape, _wholes(text))])


def _wholes(text: str) -> list[str]:
    return [text.encode().hex(), text.encode().hex().upper(), *_in_base64(text.encode())]


def _spellings_of_one(character: str) -> str:
    number = ord(character)
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{number:02x}")
    spellings = [
        *{re.escape(character.lower()), re.escape(character.upper())},
        rf"\\\\{{0,3}}(?:u00|x){digits}",
        rf"%(?:25){{0,3}}{digits}",
        rf"&#0{{0,6}}{number};?",
        rf"&#[xX]0{{0,6}}{digits};?",
    ]
    if character in '"\\/':
        spellings.append(rf"\\\\{{0,3}}{re.escape(character)}")
    if character in _NAMES:
        spellings.append(f"&{_NAMES[character]};")
    return f"(?:{'|'.join(sorted(spellings, key=len, reverse=True))})"


def _in_base64(text: bytes) -> set[str]:
    """What of the text is the same wherever it stands in something longer that was put into Base64."""
    found = set()
    for before in range(3):
        whole = base64.b64encode(bytes(before) + text).decode()
        fixed = whole[(0, 2, 3)[before] : (before + len(text)) * 8 // 6]
        found |= {fixed, fixed.replace("+", "-").replace("/", "_")}
    return found
