"""Kit: the size of a shirt and the number on it (domain 2.5)."""

import re

from .choices import UNSURE
from .plain import Refused, clean, has, in_digits, one_integer

KIT_SIZES = ("5/6", "7/8", "9/10", "11/12", "13/14", "S", "M", "L", "XL", "2XL", "3XL")
SHIRT_NUMBERS = range(1, 26)

_SIZE_WORDS = {
    "3XL": r"3 ?xl|xxxl|3 ?x[- ]?large|(?:triple|3) (?:xl|extra large|x large)|extra extra extra "
    "large",
    "2XL": r"2 ?xl|xxl|2 ?x[- ]?large|(?:double|2) (?:xl|extra large|x large)|extra extra large",
    "XL": r"xl|(?:x|ex|xtra|extra)[- ]?large|x l",
    "S": r"s|small",
    "M": r"m|medium|med",
    "L": r"l|large",
}
_NO_SIZE = (
    r"(?:x|ex|xtra|extra)[- ]?small|xs|xxs|4xl|xxxxl|kids|kid's|child|child's|childs|youth|junior|"
    r"boys|girls"
)
# How tall a child is, or how last year's fitted, names no size.
_A_FIGURE = (
    r"(?:too|quite|very|really|rather|bit|so|pretty) (?:small|large|medium)|for (?:his|her|their) "
    r"age|(?:he|she|they)(?:'s| is| are)? (?:small|medium)(?! please)"
)


def kit_size(text: str) -> str:
    """One of KIT_SIZES, from a range or words.

    Raises Refused "not_a_size", "two_sizes", "unsure", and "one_age" (detail suggestion) for a
    single age.
    """
    answer = clean(text)
    if has(answer, UNSURE) or has(answer, r"not|isn't|except|either"):
        raise Refused("unsure")
    digits = in_digits(answer)
    ranges = {
        f"{a}/{b}"
        for a, b in re.findall(
            r"(?<!\d)(\d{1,2})\s*(?:[-/\\|&,\s]|to|or|and)\s*(\d{1,2})(?!\d)", digits
        )
    }
    letters = _letters(digits)
    if ranges and letters:
        raise Refused("two_sizes")
    if ranges:
        return _only(ranges)
    single = re.search(r"(?<![\d\w])\d{1,2}(?![\d\w])", digits)
    if single and not letters:
        _refuse_one_age(int(single[0]))
    if has(digits, _NO_SIZE) or has(digits, _A_FIGURE):
        raise Refused("not_a_size")
    return _only(letters)


def _letters(digits: str) -> set[str]:
    """The lettered sizes named; the longest first, since "extra large" ends in "large"."""
    found, rest = set(), re.sub(r"(?<=\w)'s\b", "", digits)
    for size, pattern in _SIZE_WORDS.items():
        rest, count = re.subn(
            rf"(?<![\w']){pattern}(?![\w'])".replace(pattern, f"(?:{pattern})"), " ", rest
        )
        if count:
            found.add(size)
    return found


def _only(sizes: set[str]) -> str:
    if len(sizes) > 1:
        raise Refused("two_sizes")
    if not sizes or not sizes <= set(KIT_SIZES):
        raise Refused("not_a_size")
    return sizes.pop()


def _refuse_one_age(age: int) -> None:
    """A single age names a size only by guessing: offer it, do not take it."""
    for size in KIT_SIZES[:5]:
        if str(age) in size.split("/"):
            raise Refused("one_age", suggestion=size)
    raise Refused("not_a_size")


def shirt_number(text: str) -> int:
    """A number from 1 to 25.

    Raises Refused "out_of_range" (detail number), "any", "unsure", "two_numbers", "no_number".
    """
    answer = clean(text)
    if has(
        answer,
        r"you (?:pick|choose|decide)|any|anything|whichever|whatever(?:'s)?|lowest|random|next "
        r"available|"
        r"(?:don't|doesn't) (?:mind|matter)",
    ):
        raise Refused("any")
    if has(answer, UNSURE):
        raise Refused("unsure")
    number = one_integer(re.sub(r"\bno\.?[\s-]*(?=\d)", "", answer, flags=re.IGNORECASE))
    if number not in SHIRT_NUMBERS:
        raise Refused("out_of_range", number=number)
    return number
