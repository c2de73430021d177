"""Days: a date of birth, and the day of the month to pay on."""

import re
from datetime import date
from difflib import get_close_matches

from dateutil.parser import ParserError, parse, parserinfo

from .choices import UNSURE
from .plain import Refused, clean, has, in_digits, one_integer, words

_MONTHS = parserinfo(dayfirst=True)
_LONG_MONTHS = [name.lower() for _, name in (pair[:2] for pair in parserinfo.MONTHS)]
_FILLER = frozenset(
    "of the on in he she they was were is it's its he's she's i i'm am my his her their our child "
    "child's born birth "
    "date day birthday dob d.o.b year a and yes it that's please thanks thank you bday sorry son "
    "daughter son's "
    "daughter's so been mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday "
    "thursday friday saturday "
    "sunday d o b".split()
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def date_of_birth(text: str, *, earliest: date, today: date) -> date:
    """A birthday in any British form, day first (domain 2.8), `earliest` to `today`.

    Raises Refused "not_a_date", "incomplete", "no_such_day", "future", "too_early", "unsure".
    """
    typed = clean(text)
    if has(typed, UNSURE) or has(typed, r"or|either"):
        raise Refused("unsure")
    day, month, year = _day_month_year(_tokens(typed))
    born = _with_century(day, month, year, today)
    weekday = re.search(rf"\b({'|'.join(_WEEKDAYS)})", typed, re.IGNORECASE)
    if weekday and _WEEKDAYS.index(weekday[1].lower()) != born.weekday():
        raise Refused("unsure")  # one of the two is wrong
    if born > today:
        raise Refused("future")
    if born < earliest:
        raise Refused("too_early", earliest=earliest)
    return born


def _tokens(typed: str) -> list[str]:
    """Three tokens: numbers and perhaps a month's name, in the order written."""
    # "O4/O7/2016": next to a figure a letter O is a nought.
    typed = re.sub(r"\bo(?=\d)|(?<=\d)o(?=\d|\b)", "0", typed, flags=re.IGNORECASE)
    text = re.sub(r"\b(\d{1,2})(?:st|nd|rd|th)\b", r"\1", in_digits(typed))
    # "twenty fifteen" and "nineteen eighty five" come as two numbers.
    if not re.search(r"\d", typed) or re.search(r"[a-z] (?:twenty|nineteen) ", typed.lower()):
        text = re.sub(r"\b(19|20) (\d{2})$", r"\1\2", text)
    text = re.sub(r"\b(\d{1,2}) ?([a-z]{3,9}) ?,?'?(\d{2,4})\b", r"\1 \2 \3", text)
    tokens = [t for t in re.split(r"[\s,./()'_:!|\\-]+", text) if t and t not in _FILLER]
    if len(tokens) == 1:
        tokens = _unseparated(tokens[0])
    if not tokens or len(tokens) > 3 or not all(t.isdigit() or _month(t) for t in tokens):
        raise Refused("not_a_date")
    if len(tokens) < 3:
        raise Refused("incomplete")
    return tokens


def _unseparated(digits: str) -> list[str]:
    """03032015, 030315 or 20150303 in three."""
    if re.fullmatch(r"\d{8}", digits):
        if digits[:2] in ("19", "20") and digits[4:6] not in ("19", "20"):
            return [digits[:4], digits[4:6], digits[6:]]
        return [digits[:2], digits[2:4], digits[4:]]
    if re.fullmatch(r"\d{6}", digits):
        return [digits[:2], digits[2:4], digits[4:]]
    return [digits]


def _month(token: str) -> int | None:
    """The number of a named month, one slip of the fingers forgiven in the long ones."""
    if token.isdigit():
        return None
    near = get_close_matches(token, _LONG_MONTHS, n=1, cutoff=0.85) if len(token) > 5 else []
    return _MONTHS.month(near[0] if near else token)


def _day_month_year(tokens: list[str]) -> tuple[int, int, str]:
    """Which token is what; raises Refused "not_a_date"."""
    named = [i for i, token in enumerate(tokens) if _month(token)]
    if len(named) > 1:
        raise Refused("not_a_date")
    numbers = [token for i, token in enumerate(tokens) if i not in named]
    year = numbers.pop(0) if len(numbers[0]) == 4 else numbers.pop()
    if len(year) not in (2, 4) or any(len(number) > 2 for number in numbers):
        raise Refused("not_a_date")
    if named:
        return int(numbers[0]), _month(tokens[named[0]]) or 0, year
    first, second = (int(number) for number in numbers)
    if year == tokens[0] and len(year) == 4:  # "12/01/12" is January
        return second, first, year
    # Month first only where day first cannot be (domain 2.8).
    return (second, first, year) if second > 12 >= first else (first, second, year)


def _with_century(day: int, month: int, year: str, today: date) -> date:
    """The date; a two-digit year is this century's unless that lies ahead."""
    if len(year) == 4:
        return _exactly(day, month, int(year))
    try:
        born = _exactly(day, month, 2000 + int(year))
    except Refused:  # 29-02-00 exists, 29-02-1900 does not: either century may be the wrong one
        return _exactly(day, month, 1900 + int(year))
    return born if born <= today else _exactly(day, month, 1900 + int(year))


def _exactly(day: int, month: int, year: int) -> date:
    try:
        return parse(f"{year:04}-{month:02}-{day:02}", yearfirst=True).date()
    except (ParserError, OverflowError):
        raise Refused("no_such_day") from None


LAST_DAY = -1
_LAST = (
    r"(?:the )?(?:very )?last day|end of (?:the |each |every )?month|month[- ]?end|last|"
    r"(?:the )?last of (?:the |each |every )?month|end"
)
_OTHER_DAYS = (
    r"(?:second|2nd|third|3rd|next)[- ](?:to )?last|penultimate|last but one|before|after|"
    r"(?:last|first|second|third|1st|2nd|3rd|every|each|a|next)? ?(?:working day|weekday|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weeks?|fortnight|days)"
)

_NO_DAY = r"[£$€%]|\d ?(?:am|pm|p|pounds?|quid|times?|payments?|instalments?)\b"


def payment_day(text: str) -> int:
    """A day of the month, 1 to 28, or -1 for the last (domain 2.4).

    Raises Refused "late_day" (detail day) for 29 to 31, "out_of_range" (detail day), "unclear",
    "no_number", "two_numbers", "not_whole".
    """
    answer = clean(text)
    if has(answer, UNSURE) or has(answer, _OTHER_DAYS) or re.search(_NO_DAY, answer, re.I):
        raise Refused("unclear")
    if has(answer, _LAST):
        return _last_day(answer)
    day = one_integer(answer)
    if day in (29, 30, 31):
        raise Refused("late_day", day=day)
    if day != LAST_DAY and not 1 <= day <= 28:
        raise Refused("out_of_range", day=day)
    if any(_month(word) for word in words(answer)):
        raise Refused("unclear")
    return day


def _last_day(answer: str) -> int:
    if has(answer, r"not|isn't|don't|or|except") or re.search(r"\d", in_digits(answer)):
        raise Refused("unclear")
    return LAST_DAY
