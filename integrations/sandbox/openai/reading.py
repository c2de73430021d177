"""The stand-in's way of reading an answer: a few patterns of its own over the words it is given.

It knows nothing of the platform's readers. Like a real model it copies words from the answer, may
see what later questions ask for, and is sometimes wrong.
"""

import re
from collections.abc import Callable
from typing import Any

_NAME = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_ORDINAL = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?|(?:twenty|thirty)?[ -]?(?:first|second|third|fourth|fifth|sixth|"
    r"seventh|eighth|ninth)|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|"
    r"seventeenth|eighteenth|nineteenth|twentieth|thirtieth)"
)
_YEAR = r"(?:\d{4}|'?\d{2}|(?:two thousand and|twenty|nineteen)[ -](?:[a-z]+)(?:[ -][a-z]+)?)"
_DATE = re.compile(
    rf"\b(?:{_ORDINAL}(?: of|day of)? {_MONTH},? {_YEAR}|{_MONTH} {_ORDINAL},? {_YEAR}|"
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4})\b",
    re.IGNORECASE,
)
_ME = re.compile(
    rf"\b(?:i'?m|i am|my name(?:'s| is)?|name is|call me|this is|it'?s)\s+({_NAME}(?: {_NAME})+)",
    re.IGNORECASE,
)
_CHILD = re.compile(
    rf"\b(?:my (?:son|daughter|lad|girl|boy|grandson|granddaughter|little one)(?:'s| is|,)?|"
    rf"(?:he|she)(?:'s| is) called|(?:his|her) name(?:'s| is)|sign(?:ing)? up|register(?:ing)?|"
    rf"for)\s+"
    rf"(?:called |named )?({_NAME}(?: {_NAME})*)",
    re.IGNORECASE,
)
_CHOICES = {
    "gender": r"boy|girl|lad|lass|male|female|son|daughter|prefer not to say",
    "relationship": r"mum|mummy|mam|mother|dad|daddy|father|nan|nana|gran|grandma|grandad|aunt|"
    r"auntie|uncle|guardian|carer|foster carer",
}
_WORDS_AFTER_A_NAME = re.compile(
    r"(?i)\s+(?:and|but|who|from|here|his|her|my|the|is|was|he|she|hoping|please|by|btw|aged?|mum|"
    r"dad|of|with|this|speaking)\b.*$"
)
_REQUESTS = (
    ("back", r"(?:go|went|take me|can we go) back|previous question"),
    ("handover", r"(?:real|actual) (?:person|human)|(?:speak|talk) (?:to|with) (?:some|a )"),
    ("why", r"why (?:do|on earth|would|are)|what .{0,20}\bfor\b\?"),
)
_CORRECTED = re.compile(
    r"(?i)\b(?P<what>surname|last name|first name|birthday|date of birth|name)\b.{0,40}?"
    r"(?:should be|is really|is actually|to|not .{1,30} but|it's)\s+(?P<value>[^,.;!?]+)"
)


def read(question: dict[str, Any]) -> dict[str, Any]:
    """The commands that the answer asks for, the thanks, and the step's own number."""
    said, asked = str(question.get("answer", "")), str(question.get("asked", ""))
    found = _requests(said) or _values(said, asked, list(question.get("fields") or {}))
    return {
        "commands": found or [{"kind": "unclear", "field": "", "text": ""}],
        "agent_final_response": "Lovely, thank you!" if found else "Sorry, I did not catch that.",
        "routine_number": question.get("step") or 1,
    }


def _requests(said: str) -> list[dict[str, str]]:
    for kind, pattern in _REQUESTS:
        if re.search(pattern, said, re.IGNORECASE):
            return [{"kind": kind, "field": "", "text": ""}]
    return []


def _values(said: str, asked: str, fields: list[str]) -> list[dict[str, str]]:
    if asked == "confirmed":
        return _corrections(said)
    wanted = [asked, *(name for name in fields if name != asked)]
    found = {name: value for name in wanted if (value := _one(said, name, name == asked))}
    return [{"kind": "set", "field": name, "text": value} for name, value in found.items()]


def _one(said: str, name: str, asked: bool) -> str:
    reader = _READERS.get(name)
    return reader(said, asked) if reader else ""


def _parent_name(said: str, asked: bool) -> str:
    match = _ME.search(said)
    return _trimmed(match[1]) if match else _two_names(said) if asked else ""


def _child_name(said: str, asked: bool) -> str:
    match = _CHILD.search(said)
    return _trimmed(match[1]) if match else _two_names(said) if asked else ""


def _two_names(said: str) -> str:
    """The first two words in a row that begin with a capital, past the first word."""
    match = re.search(r"(?<=\s)[A-Z][\w'’-]+ [A-Z][\w'’-]+", said)
    return match[0] if match else ""


def _trimmed(name: str) -> str:
    return _WORDS_AFTER_A_NAME.sub("", name)


def _date(said: str, asked: bool) -> str:
    match = _DATE.search(said)
    return match[0] if match and asked else ""


def _childs_date(said: str, asked: bool) -> str:
    match = _DATE.search(said)
    spoken = re.search(r"\b(?:he|she|son|daughter|born)\b", said, re.IGNORECASE)
    return match[0] if match and (asked or spoken) else ""


def _choice(name: str) -> Callable[[str, bool], str]:
    pattern = re.compile(rf"(?<![\w'])(?:{_CHOICES[name]})(?![\w])", re.IGNORECASE)

    def choose(said: str, asked: bool) -> str:
        match = pattern.search(said)
        return match[0] if match else ""

    return choose


def _yes_or_no(said: str, asked: bool) -> str:
    match = re.search(r"\b(?:yes|yeah|yep|aye|no|nope|nah)\b", said, re.IGNORECASE)
    return match[0] if match and asked else ""


def _number(said: str, asked: bool) -> str:
    found = re.findall(r"\b\d{1,2}(?:st|nd|rd|th)?\b", said)
    return found[0] if asked and len(set(found)) == 1 else ""


def _size(said: str, asked: bool) -> str:
    match = re.search(r"\b(?:\d{1,2}(?:/| to |-)\d{1,2}|[23]?XL|[SML])\b", said)
    return match[0] if match and asked else ""


def _corrections(said: str) -> list[dict[str, str]]:
    match = _CORRECTED.search(said)
    if not match:
        return []
    mine = re.search(r"\b(?:my|mine|i)\b", said[: match.start()], re.IGNORECASE)
    born = "birth" in match["what"].lower()
    field = f"{'parent' if mine else 'child'}_{'dob' if born else 'name'}"
    return [{"kind": "correct", "field": field, "text": match["value"].strip()}]


_READERS: dict[str, Callable[[str, bool], str]] = {
    "parent_name": _parent_name,
    "child_name": _child_name,
    "child_dob": _childs_date,
    "parent_dob": _date,
    "gender": _choice("gender"),
    "relationship": _choice("relationship"),
    "played_last_season": _yes_or_no,
    "same_address": _yes_or_no,
    "parent_address_ok": _yes_or_no,
    "child_address_ok": _yes_or_no,
    "payment_day": _number,
    "shirt_number": _number,
    "kit_size": _size,
}
