"""What every reader starts from: a plain line, its words and numbers, and how to refuse."""

import re
import unicodedata

from text_to_num import alpha2digit

_SAME = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4`", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)
# Thumbs are answers; every other picture is decoration.
_THUMBS = {"\U0001f44d": " yes ", "\u2705": " yes ", "\U0001f44e": " no ", "\u274c": " no "}
# Marks that only change how the character before them is drawn: emoji presentation, keycap.
_DRAWING = "\ufe0e\ufe0f\u20e3"
_DROPPED = {"Cf", "Cs", "Co", "Cn", "So", "Sk"}


class Refused(ValueError):
    """An answer that cannot be taken; `reason` is a short key and `detail` what a message needs."""

    def __init__(self, reason: str, **detail: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def clean(text: str, *, limit: int = 200, lines: bool = False) -> str:
    """One trimmed line (or several) without controls, pictures and odd quotes.

    Raises Refused "too_long" over `limit` characters as typed, "empty" when nothing is left.
    """
    if len(text) > limit:
        raise Refused("too_long", limit=limit)
    cleaned = tidy(text, lines=lines)
    if not cleaned:
        raise Refused("empty")
    return cleaned


def tidy(text: str, *, lines: bool = False) -> str:
    """`clean` without its refusals."""
    for picture, word in _THUMBS.items():
        text = text.replace(picture, word)
    normal = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
    plain = unicodedata.normalize("NFC", normal.translate(_PLAIN))
    if not lines:
        return " ".join(plain.split())
    return "\n".join(filter(None, (" ".join(line.split()) for line in plain.split("\n"))))


def _plain_character(character: str) -> str:
    if character == "\n":
        return character
    category = unicodedata.category(character)
    if category in _DROPPED or character in _DRAWING:
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    return " " if category[0] in "CZ" else character


class _Plain(dict[int, str]):
    """`_plain_character` for str.translate: what most messages are made of is worked out once."""

    def __missing__(self, code: int) -> str:
        return _plain_character(chr(code))


_PLAIN = _Plain({code: _plain_character(chr(code)) for code in range(128)})


def words(text: str) -> list[str]:
    """The words of a cleaned text in lower case; apostrophes belong to a word."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower())


def has(text: str, pattern: str) -> bool:
    """Whether a pattern occurs in a text as whole words, in any case."""
    return re.search(rf"(?<![\w'])(?:{pattern})(?![\w'])", text, re.IGNORECASE) is not None


def strip_lead(text: str, pattern: str) -> str:
    """The text without any number of these openings; the text itself when nothing would be left."""
    stripped = re.sub(rf"^(?:(?:{pattern})(?![\w'])[\s,:;.!-]*)+", "", text, flags=re.IGNORECASE)
    return stripped.strip() or text


def in_digits(text: str) -> str:
    """The text in lower case with number words as digits: "twenty-third" -> "23rd"."""
    # The library takes "second" and "one" only when told that no number is too small.
    spoken = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower())
    return alpha2digit(spoken, "en", threshold=0.0)


def integers(text: str) -> list[int]:
    """Every whole number, in digits or words; raises Refused "not_whole" for 1.5 or 1/2."""
    # "1O" is ten, and "the one he wears" is no number.
    text = re.sub(r"(?<=\d)[oO]\b", "0", text)
    digits = in_digits(re.sub(r"\bthe one (?=[a-z])", "", text, flags=re.IGNORECASE))
    # "7, 9 or 11" is a list; "1,5" is a decimal.
    if re.search(r"\d\s*\.\s*\d|\d,\d|\d\s*/\s*\d|½", digits):
        raise Refused("not_whole")
    found = re.findall(r"(?<![\w.])-?\s?\d{1,6}(?!\d)", digits)
    return [int(re.sub(r"\s", "", number)) for number in found]


def one_integer(text: str) -> int:
    """The only whole number of a text; raises Refused "no_number", "two_numbers", "not_whole"."""
    found = set(integers(text))
    if len(found) > 1:
        raise Refused("two_numbers")
    if not found or has(text, r"not|isn't|don't|except"):
        raise Refused("no_number")
    return found.pop()
