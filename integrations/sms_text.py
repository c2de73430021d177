"""The alphabet of text messages: GSM-7, and how many parts a text costs (wire 7.6)."""

import unicodedata

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWO = frozenset("^{}\\[~]|€\f")
_LOOK_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´ʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2009\u202f\u2007\t", " "),
        "…": "...",
        "•": "-",
        "×": "x",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "œ": "oe",
        "Œ": "OE",
        "ı": "i",
        "™": "(TM)",
    }
)


def plain(text: str) -> str:
    """The text in GSM-7 letters only: look-alikes swapped, accents dropped, emoji left out."""
    return "".join(_letter(each) for each in text.translate(_LOOK_ALIKE))


def segments(text: str) -> int:
    """In how many parts a text goes out, each of which is paid for; 0 for no text."""
    if all(each in _BASIC or each in _TWO for each in text):
        sizes, single, part = [2 if each in _TWO else 1 for each in text], 160, 153
    else:
        sizes, single, part = [2 if ord(each) > 0xFFFF else 1 for each in text], 70, 67
    if not sizes:
        return 0
    return 1 if sum(sizes) <= single else _parts(sizes, part)


def _parts(sizes: list[int], part: int) -> int:
    count, filled = 1, 0
    for size in sizes:
        # A letter of two units may not straddle two parts.
        if filled + size > part:
            count, filled = count + 1, 0
        filled += size
    return count


def _letter(letter: str) -> str:
    if letter in _BASIC or letter in _TWO:
        return letter
    bare = "".join(each for each in unicodedata.normalize("NFKD", letter) if each in _BASIC)
    if bare:
        return bare
    # Symbols, joiners and marks go; a letter that has no Latin form leaves a sign of itself.
    return "?" if unicodedata.category(letter)[0] == "L" else ""
