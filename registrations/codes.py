"""Registration codes: a permissive detector and a strict parser (domain 1). Pure."""

import re
from dataclasses import dataclass
from typing import Literal

# Phone keyboards put these in place of a hyphen, a space or an apostrophe.
# One character for one, so that positions stay.
_AS_TYPED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
    | dict.fromkeys("\u00a0\u2007\u202f\t\r\n", " ")
    | dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'")
)
_LOOKED_AT = 2000  # characters of a message; a code sits near its start

_LETTERS = r"[^\W\d_]"
_NAME = rf"{_LETTERS}[^\W\d_']{{0,49}}(?:'{_LETTERS}{{1,49}})?"
_TEAM_WORD = r"[a-z0-9_]*[a-z_][a-z0-9_]*"
_HYPHEN = r" {0,3}- {0,3}"
_BEFORE = r"(?<![\w-])"

# 200-lions-u10-2526, spaces around the hyphens and inside the team's name allowed.
_HYPHENATED = re.compile(
    rf"{_BEFORE}[0-9]{{3}}{_HYPHEN}{_TEAM_WORD}(?: {_TEAM_WORD}){{0,3}}{_HYPHEN}u? ?[0-9]{{1,3}}s?"
    rf"(?:{_HYPHEN}| )[0-9]{{4}}(?![0-9])(?:{_HYPHEN}[\w']+)*",
    re.IGNORECASE,
)
# 200 lions u10 2526
_SPACED = re.compile(
    rf"{_BEFORE}[0-9]{{3}}[ -]+{_TEAM_WORD}(?:[ -]+{_TEAM_WORD}){{0,3}}?[ -]+"
    rf"(?:u ?[0-9]{{1,3}}s?|[0-9]{{1,3}})[ -]+[0-9]{{4}}(?![\w-])",
    re.IGNORECASE,
)
# 200-tigers, 200-tigers-u13-26: surely meant as a code, surely not one.
_LOOSE = re.compile(
    rf"{_BEFORE}(?:[12][0-9]{{2}}-{_TEAM_WORD}|[0-9]{{3}}-[a-z_][a-z0-9_]+-[a-z0-9_]+)"
    r"(?:-[\w']+)*",
    re.IGNORECASE,
)
_NAMES_AFTER = re.compile(rf"(?: +| *- *){_NAME}(?:[ -]+{_NAME}){{1,3}}(?![\w@])")
_POLITE = frozenset(
    "thank thanks please is my the and for it that this from hi hello i can we you to a he she"
    " they was code cheers but or not".split()
)

_PARTS = re.compile(r"(?P<prefix>[0-9]{3})[ -]+(?P<rest>.+)", re.DOTALL)
_TAIL = re.compile(
    r"(?P<team>.+?)[ -]+(?P<u>u ?)?(?P<age>[0-9]{1,3})s?[ -]+(?P<season>[0-9]+)"
    r"(?P<name>(?:[ -]+.+)?)",
    re.IGNORECASE | re.DOTALL,
)

Reason = Literal["name_missing", "name_not_allowed", "prefix", "age_group", "season_form", "shape"]


class Invalid(ValueError):
    """It looks like a code and is not one; `reason` says why (see `Reason`)."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Code:
    """A well-formed code; all but `raw` in lower case, a space in the team's name as "_"."""

    kind: Literal["100", "200"]
    team: str
    age_group: str
    season: str
    first: str
    last: str
    raw: str

    @property
    def canonical(self) -> str:
        """The code as the club would print it, in lower case."""
        parts = [self.kind, self.team, self.age_group, self.season, self.first, self.last]
        return "-".join(part for part in parts if part)


def looks_like_code(text: str) -> str | None:
    """The part of a message that is, or was meant as, a code, as typed; None without one."""
    looked_at = text[:_LOOKED_AT]
    plain = looked_at.translate(_AS_TYPED)
    found = _HYPHENATED.search(plain) or _SPACED.search(plain) or _LOOSE.search(plain)
    if found is None:
        return None
    end = _end_with_names(plain, found)
    return looked_at[found.start() : end].strip()


def parse(text: str) -> Code:
    """Read a code, alone or inside a message; raises Invalid with a reason (domain 1.2)."""
    raw = looks_like_code(text) or text.strip()
    shape = _PARTS.fullmatch(raw.translate(_AS_TYPED).strip(" .!"))
    if shape is None:
        raise Invalid("shape")
    kind, tail = shape["prefix"], _TAIL.fullmatch(shape["rest"])
    if kind not in ("100", "200"):
        raise Invalid("prefix")
    if tail is None:
        raise Invalid("shape")
    first, last = _checked(kind, tail)
    return Code(
        kind="100" if kind == "100" else "200",
        team=re.sub(r"[ _]+", "_", tail["team"]).lower(),
        age_group=f"u{tail['age']}",
        season=tail["season"],
        first=first,
        last=last,
        raw=raw,
    )


def _end_with_names(plain: str, found: re.Match[str]) -> int:
    """Where the code ends: a 100-code may carry on with the child's names after a space."""
    if not found[0].startswith("100") or re.search(r"[0-9]{4}$", found[0]) is None:
        return found.end()
    names = _NAMES_AFTER.match(plain, found.end())
    if names is None:
        return found.end()
    first_word = re.split(r"[ -]+", names[0].strip(" -"))[0].lower()
    return found.end() if first_word in _POLITE else names.end()


def _checked(kind: str, tail: re.Match[str]) -> tuple[str, str]:
    """The child's names as lower-case (first, last), both empty on a 200; raises Invalid."""
    if not re.fullmatch(r"\w+(?: \w+){0,3}", tail["team"], re.ASCII):
        raise Invalid("shape")
    if not tail["u"]:
        raise Invalid("age_group")
    if len(tail["season"]) != 4:
        raise Invalid("season_form")
    typed = tail["name"].strip(" -").lower()
    if kind == "200":
        if typed:
            raise Invalid("name_not_allowed")
        return "", ""
    names = re.split(r"[ -]+", typed, maxsplit=1)
    if len(names) < 2:
        raise Invalid("name_missing")
    if not re.fullmatch(rf"{_NAME} {_NAME}(?:[ -]{_NAME})*", " ".join(names)):
        raise Invalid("shape")
    return names[0], names[1]
