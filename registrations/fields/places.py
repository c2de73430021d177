"""Addresses: postcode, house number or name, a typed address (domain 2.1 steps 12 to 21)."""

import re
from dataclasses import dataclass

from localflavor.gb.forms import GBPostcodeField

from .choices import UNSURE, yes_no
from .plain import Refused, clean, has, in_digits, strip_lead

_WHOLE_POSTCODE = re.compile(
    rf"(?<![A-Z0-9])(?P<out>GIR(?= ?0AA)|{GBPostcodeField.outcode_pattern})[ .,_-]*"
    rf"(?P<inward>0AA|{GBPostcodeField.incode_pattern})(?![A-Z0-9])"
)
HOUSE_LIMIT = 20


def postcode(text: str) -> str:
    """A UK postcode, "M41 0AB"; raises Refused "not_a_postcode", "two_postcodes"."""
    typed = clean(text).upper()
    found = _postcodes(typed)
    if not found and len(compact := re.sub(r"[\s.-]", "", typed)) <= 8:
        found = _postcodes(compact)
    if len(found) > 1:
        raise Refused("two_postcodes")
    if not found:
        raise Refused("not_a_postcode")
    return found.pop()


def _postcodes(typed: str) -> set[str]:
    # The second half starts with a digit, so a letter O there is a nought.
    typed = re.sub(r"(?<=[A-Z0-9])( ?)O(?=[A-Z]{2}(?![A-Z0-9]))", r"\g<1>0", typed)
    pairs = {f"{m['out']} {m['inward']}" for m in _WHOLE_POSTCODE.finditer(typed)}
    return {pair for pair in pairs if GBPostcodeField.postcode_regex.fullmatch(pair)}


_STREET = (
    r"road|rd|street|st|avenue|ave|av|lane|ln|close|cl|drive|dr|crescent|cres|grove|way|court|ct|"
    r"place|pl|terrace|"
    r"gardens|gdns|mews|walk|square|sq|hill|park|rise|row|green|view|parade|circle|broadway|fold|"
    r"croft|bank|brow|"
    r"meadows?|vale|drove|path|gate|heath|approach|boulevard|promenade|quay|wharf|end|side|chase|"
    r"dene"
)
_HOUSE_LEAD = (
    r"it's|its|it is|we're|we are|we live|i live|live|at|the|my|our|house|door|number|"
    r"no\.?(?=\s*\d)|num|name|is|"
    r"yes|called|address|hi|he|she|lives|that's|just|sorry|#"
)
_NOT_A_HOUSE = (
    r"yes|no|none|n/?a|skip|same|nothing|what|why|help|doesn't|don't|haven't|isn't|yeah|nope|ok|"
    r"okay|"
    r"not? (?:number|name)|same as \w+|please"
)
# Where a house is, or that it has no number, is not what it is called.
_NO_HOUSE = (
    r"(?:hasn't|hasnt|haven't|doesn't|doesnt|don't) (?:got|have)|next (?:door )?to|opposite|behind|"
    r"the (?:\w+ )?one(?! hundred)"
)


def house_number(text: str) -> str:
    """A house number or name as typed, up to 20 characters; a street after the number is left out.

    Raises Refused "needed", "unsure", "postcode", "characters", "too_long".
    """
    typed = clean(text)
    if has(typed, UNSURE):
        raise Refused("unsure")
    if has(typed, r"or") and re.search(r"\d", typed):
        raise Refused("unsure")
    if has(typed, _NO_HOUSE):
        raise Refused("needed")
    house = strip_lead(typed.lstrip(" ,.:;"), r"it's|its|it is|hi|yes,|sorry|just")
    house = re.sub(r"^(?:#|no(?=\d))\s*", "", house, flags=re.IGNORECASE)
    house = re.sub(
        r"\s*,?\s*(?:is (?:our|my|the) (?:house|door|number).*|please|thanks|thank you)?"
        r"[\s,.!?;]*$",
        "",
        house,
        flags=re.IGNORECASE,
    )
    house = strip_lead(house, _HOUSE_LEAD) if re.search(r"\d", house) else _house_name(house)
    house = _without_street(house).strip(" ,")
    if _postcodes(house.upper()):
        raise Refused("postcode")
    if not re.search(r"\w", house) or re.fullmatch(rf"-.*|0+|{_NOT_A_HOUSE}", house, re.IGNORECASE):
        raise Refused("needed")
    if not re.fullmatch(r"[\w ,./&'()-]+", house):
        raise Refused("characters")
    if len(house) > HOUSE_LIMIT:
        raise Refused("too_long", limit=HOUSE_LIMIT)
    return house


def _house_name(house: str) -> str:
    """A name keeps its "The"; a number in words becomes digits."""
    named = re.sub(
        r"^(?:(?:the|my|our) )?(?:house|address)(?: name)?(?: is|:) ?(?:called )?",
        "",
        house,
        flags=re.I,
    )
    number = re.fullmatch(
        r"(?:a )?(\d{1,4})",
        in_digits(re.sub(r"^number ", "", named, flags=re.IGNORECASE)),
    )
    return number[1] if number else named


def _without_street(house: str) -> str:
    """ "12 Church Road" -> "12"; the look-up brings the street."""
    street = re.fullmatch(
        rf"(.*?\d+ ?[a-z]?)[ ,]+[a-z][a-z' -]* (?:{_STREET})\b\.?.*", house, re.IGNORECASE
    )
    return street[1] if street else house


_SAME = (
    r"(?:lives?|living|stays?|is) (?:here |always )*(?:with|at) (?:me|us|my|our|mine|mum|dad|home)|"
    r"at home|"
    r"same(?: (?:as|address|house|one|"
    r"place|here|as mine))*|at (?:my|our|this) (?:address|house|home)|with (?:me|us)|we live "
    r"together|"
    r"(?:he|she|they) does|here"
)
_ELSEWHERE = (
    r"elsewhere|somewhere else|different(?: address| house| place)?|another address|not with (?:me|"
    r"us)|"
    r"(?:with|at) (?:(?:his|her|their) )?(?:mum|mother|dad|father|gran|grandma|nan|grandparents|"
    r"other parent)(?:'s)?|"
    r"(?:doesn't|does not|don't) live (?:with|here|at)(?: \w+)?"
)


def _with_us_too(answer: str) -> bool:
    """ "lives with mum (me)": who writes is named too, and not to be left out."""
    return has(answer, r"me|us") and not has(
        answer, r"(?:not|don't|doesn't) (?:\w+ ){0,2}(?:me|us)"
    )


def same_address(text: str) -> bool:
    """Whether the child lives with the parent; raises Refused "unsure" ("sometimes"), "unclear"."""
    answer = clean(text, limit=500)
    if has(answer, UNSURE) or has(answer, r"both|shared|weekends?|weekdays?|alternate|split"):
        raise Refused("unsure")
    elsewhere, same = has(answer, _ELSEWHERE), has(answer, _SAME)
    if elsewhere or has(answer, r"not (?:the )?same"):
        if has(answer, r"yes|yeah|yep") or _with_us_too(answer):
            raise Refused("unclear")
        return False
    if same and not has(answer, r"no|not|doesn't|don't|isn't|nope"):
        return True
    if same and not has(answer, r"not|doesn't|don't|isn't"):
        raise Refused("unclear")  # "no he lives with me"
    return yes_no(answer)


@dataclass(frozen=True)
class TypedAddress:
    """An address a parent typed, in the parts that Airtable and the payment page need."""

    house_number: str
    line_1: str
    town: str
    city: str
    postcode: str

    @property
    def full(self) -> str:
        """One line: "12 Church Road, Urmston, Manchester, M41 0AB"."""
        city = [] if self.city == self.town else [self.city]
        return ", ".join([self.line_1, self.town, *city, self.postcode])


_COUNTRY = r"(?:uk|u\.k\.|england|united kingdom|great britain|gb|scotland|wales)"


def typed_address(text: str) -> TypedAddress:
    """House, street, town and postcode, on lines or with commas (domain 2.1 step 14).

    Raises Refused "no_postcode", "no_house", "no_street", "no_town", "too_long".
    """
    typed = clean(text, limit=400, lines=True)
    try:
        code = postcode(typed.replace("\n", " ")[:200])
    except Refused as refusal:
        raise Refused(
            "no_postcode" if refusal.reason == "not_a_postcode" else refusal.reason
        ) from None
    rest = _without_postcode(typed, code)
    parts = [part.strip(" .-") for part in re.split(r"[\n,;]+", rest)]
    parts = [p for p in parts if p and not re.fullmatch(_COUNTRY, p, re.IGNORECASE)]
    house, line, places = _house_and_street(_split_unpunctuated(parts))
    if len(places) > 1 and re.match(rf"\d+ ?[a-z]? .* (?:{_STREET})\.?$", places[0], re.IGNORECASE):
        line, places = f"{line}, {_tidy_case(places[0])}", places[1:]  # after a building's name
    if not places:
        raise Refused("no_town")
    if len(house) > HOUSE_LIMIT:  # the first line holds all of it
        house = (re.match(r"(?:flat|apartment|apt|unit|room) \w{1,6}", house, re.I) or [house])[0]
        house = house[:HOUSE_LIMIT].strip()
    address = TypedAddress(house, line, _tidy_case(places[0]), _tidy_case(places[-1]), code)
    if (
        len(house) > HOUSE_LIMIT
        or len(line) > 100
        or max(len(address.town), len(address.city)) > 50
    ):
        raise Refused("too_long", limit=200)
    return address


def _without_postcode(typed: str, code: str) -> str:
    outward, inward = code.split()
    inward = inward.replace("0", "[0O]", 1)
    rest = re.sub(rf"\b{outward}[\s.-]*{inward}\b", ",", typed, flags=re.IGNORECASE)
    lead = (
        r"it's|its|(?:my|our|the|his|her) address(?: is)?|address|we live at|i live at|no|"
        r"it should be|sorry"
    )
    return strip_lead(rest, lead)


# After a street's plain end comes the town; "green" or "park" may be in the middle of a name.
_STREET_END = (
    r"road|rd|street|avenue|ave|av|lane|ln|close|cl|drive|dr|crescent|cres|terrace|gardens|gdns|"
    r"mews|boulevard|promenade"
)
_RUN_ON = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(.*?\d.* (?:{_STREET_END})\.?) (?!(?:{_STREET})\b)([a-z].*)",
        rf"(.*?\d\w* .*\w (?:{_STREET})\.?) (?!(?:{_STREET})\b)([a-z].*)",
        rf"(.*?\d\w* (?!st\b)(?:{_STREET})\.?) ((?!.*\b(?:{_STREET})\b)[a-z].*)",
    )
]


def _split_unpunctuated(parts: list[str]) -> list[str]:
    """ "12 church road urmston" typed without commas, cut after the street."""
    cut: list[str] = []
    for part in parts:
        run_on = next(filter(None, (pattern.fullmatch(part) for pattern in _RUN_ON)), None)
        cut += [run_on[1], run_on[2]] if run_on else [part]
    in_city = (
        re.fullmatch(r"(\D+?) ((?:greater )?manchester|salford)", cut[-1], re.I) if cut else None
    )
    if len(cut) > 1 and in_city and in_city[1].lower() != "greater":
        cut[-1:] = [in_city[1], in_city[2]]
    return cut


def _house_and_street(parts: list[str]) -> tuple[str, str, list[str]]:
    """(house number or name, first line with the street, what follows)."""
    if not parts:
        raise Refused("no_street")
    numbered = re.match(
        r"((?:flat|apartment|apt|unit|room) \w+[ ,]+)?(?:no\.? ?|number )?"
        r"(\d+(?: ?[a-z]|[/-]\d+[a-z]?)?)\b(.*)",
        parts[0],
        re.I,
    )
    if numbered and re.search(r"[^\W\d_]{2}", numbered[3]):
        house = f"{(numbered[1] or '').strip(' ,')} {numbered[2]}".strip()
        return house, _tidy_case(parts[0]), parts[1:]
    if len(parts) < 2:
        raise Refused("no_street" if numbered else "no_house")
    if numbered or re.match(r"(?:flat|apartment|apt|unit|room)\b", parts[0], re.IGNORECASE):
        inner = re.match(r"\d+(?: ?[a-z]\b)?", parts[1], re.IGNORECASE)
        house = f"{parts[0]}, {inner[0]}" if inner else parts[0]
        return house, f"{_tidy_case(parts[0])} {_tidy_case(parts[1])}", parts[2:]
    if re.search(rf" (?:{_STREET})\.?$", parts[0], re.IGNORECASE) or len(parts) < 3:
        raise Refused("no_house")
    return _tidy_case(parts[0]), f"{_tidy_case(parts[0])}, {_tidy_case(parts[1])}", parts[2:]


def _tidy_case(part: str) -> str:
    """Capitals where there were none, or only."""
    if not (part.islower() or (part.isupper() and len(part) > 3)):
        return part
    return " ".join(word[:1].upper() + word[1:].lower() for word in part.split(" "))
