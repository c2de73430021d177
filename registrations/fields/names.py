"""Names of people and teams."""

import re
import unicodedata
from dataclasses import dataclass

from .choices import UNSURE, yes_no
from .plain import Refused, clean, has, strip_lead, words

PART_LIMIT = 50  # characters of a first and of a last name (domain 4.2)
TEAM_LIMIT = 100

_GREETING = (
    r"(?:hi|hello|hey|hiya)(?: there)?|morning|afternoon|evening|yes|yeah|ok|okay|sure|sorry|oh|"
    r"well|good (?:morning|afternoon|evening)"
)
_WHOSE = (
    r"(?:(?:my|his|her|their|the|our|your) )?"
    r"(?:(?:child|son|daughter|player|parent|kid|boy|girl|lad)(?:'?s)? )?"
)
_NAME_IS = (
    rf"{_WHOSE}(?:full |real |legal )?names?(?:'s| is| are| was|:| -)?|{_WHOSE}(?:is |are )?called|"
    r"(?:he|she|they|it|that|this|i)(?:'s|'m|'re)|(?:it|that|this|he|she) is|i am|(?:it|that) "
    r"would be|call me|"
    r"(?:he|she)'s called|(?:he|she|it) is called|(?:my|our) (?:son|daughter|child|lad|boy|girl|"
    r"kid)(?:'s| is|,)?|(?:the )?(?:player|child)(?: is|:)"
)
_FOR_WHOM = re.compile(r"^(?:just|only|for|it's for|its for) (?=\S+ \S)")  # small: "Just" is a name
_BARE_LEAD = re.compile(r"^(?:im|its|hes|shes)\s+", re.IGNORECASE)  # "Im" is also a Korean name
_TITLES = r"cllr|councillor|mr|mrs|ms|miss|mx|dr|prof|professor|rev|reverend|sir|master"
_TAIL = re.compile(
    r"(?:[\s,.!;:-]*\b(?:please|thanks|thank you|thx|cheers|lol|here|speaking|"
    r"(?<=\. )hi|(?-i:x{1,4}))\b)*[\s,.!;:-]*$",
    re.IGNORECASE,
)  # a small x at the end is a kiss

# Words of a sentence, not of a name. One of the first, or two of the second, and it is no name.
_NEVER_A_NAME = frozenset(
    "what why when where who which whose don't dont doesn't didn't isn't wasn't can't cannot won't "
    "not know sure surname firstname lastname "
    "please because would could should i'd i'll i've is and with yes yeah yep nope hello thanks "
    "thank sorry name "
    "names skip none nothing wrong prefer rather need want going something same above "
    "already wants wanted play plays playing join joining known aka goes née registering "
    "signing bye goodbye away off under lets let's united he's she's mum mummy mam's mum's dad "
    "daddy dad's grandma grandad fc afc juniors birthday morning afternoon".split()
)
_SELDOM_A_NAME = frozenset(
    "i you he she it they we my his her their your the a an of to for on in at this that no can "
    "are was do does have "
    "am has had be how me him them us so if but or go get tell ask say said mean think".split()
)


@dataclass(frozen=True)
class PersonName:
    """The first word, and everything after it (domain 2.1)."""

    first: str
    last: str

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"


def person_name(text: str) -> PersonName:
    """A name of two words or more in any alphabet, apostrophes straight (domain 2.1).

    Raises Refused "one_word", "initials", "characters", "not_a_name", "too_long", "empty".
    """
    typed = clean(text, limit=300, lines=True)
    if sum(len(line.split()) > 1 for line in typed.split("\n")) > 1:
        raise Refused("not_a_name")  # two people, a line each
    parts = _parts(_without_opening(typed.replace("\n", " ")))
    if len(parts) < 2:
        raise Refused("one_word")
    if all(len(part.strip("'-")) == 1 for part in parts):
        raise Refused("initials")
    _refuse_sentences(parts)
    parts = _cased(_cased(parts))  # "a AA" is shouted only once its first letter is large
    name = PersonName(parts[0], " ".join(parts[1:]))
    if max(len(name.first), len(name.last)) > PART_LIMIT:
        raise Refused("too_long", limit=PART_LIMIT)
    return name


def renamed(current: PersonName, text: str) -> PersonName:
    """A correction of one name: "surname O'Brien", "first name Jake", or a whole new name."""
    typed = clean(text, limit=300)
    which = re.match(
        r"(?P<last>(?:sur|last|family|second) ?name)|(?P<first>(?:first|given|fore|christian) "
        r"?name)",
        typed,
        re.I,
    )
    if which is None:
        return person_name(typed)
    new = strip_lead(typed[which.end() :].lstrip(" :-"), r"is|should be|to|=")
    new = " ".join(_capitals(part) for part in new.split()) if new.islower() else new
    if which["last"]:
        return PersonName(current.first, person_name(f"{current.first} {new}").last)
    read = person_name(f"{new} {current.last}")
    return PersonName(read.full.removesuffix(f" {current.last}"), current.last)


def _without_opening(typed: str) -> str:
    """Without greeting, "my name is", title and thanks, however often they are said."""
    rest, before = typed.lstrip(" ,.:;!"), ""
    while rest != before:
        before = rest
        rest = _once_without_opening(rest)
    return rest


def _once_without_opening(typed: str) -> str:
    rest = _FOR_WHOM.sub("", _TAIL.sub("", strip_lead(typed, _GREETING)))
    led = strip_lead(rest, _NAME_IS)
    if led == rest and _BARE_LEAD.match(rest):
        led = _BARE_LEAD.sub("", rest)
    led = re.sub(r"^(['\"])(.*)\1$", r"\2", led.strip(" ,.:"))
    return re.sub(rf"^(?:(?:{_TITLES})\b\.?\s*)+", "", led, flags=re.IGNORECASE)


def _parts(typed: str) -> list[str]:
    """The words of a name; raises Refused "characters" when there is more than a name in it."""
    if re.search(r"\s-|-\s", typed):
        raise Refused("characters")
    parts = re.sub(r"(?<=\w)\.(?=\s|$)", "", typed).split()
    for part in parts:
        if not all(_in_name(c) for c in part) or not any(c.isalpha() for c in part):
            raise Refused("characters")
    return parts


def _in_name(character: str) -> bool:
    return (
        character in "'-" or character.isalpha() or unicodedata.category(character) in ("Mn", "Mc")
    )


def _refuse_sentences(parts: list[str]) -> None:
    lowered = [part.lower() for part in parts]
    if any(part in _NEVER_A_NAME for part in lowered) or {"or", "nee"} & set(lowered[1:-1]):
        raise Refused("not_a_name")
    if lowered == ["no", "way"]:
        raise Refused("not_a_name")
    if sum(part in _SELDOM_A_NAME for part in lowered) > 1 or len(parts) > 8:
        raise Refused("not_a_name")


def _cased(parts: list[str]) -> list[str]:
    """Capitals where a keyboard left them out or stuck; a mixed name stays as typed."""
    whole = " ".join(parts)
    if whole.islower() or whole.isupper():
        return [_capitals(part) for part in parts]
    first = _capitals(parts[0]) if parts[0].islower() else parts[0]
    last = parts[-1]
    if last.islower() and len(last) > 1:
        last = _capitals(last)
    return [
        first,
        # "van" and "de la" stay small in the middle.
        *(
            _capitals(part) if part.isupper() and len(part) > 2 else part
            for part in [*parts[1:-1], last]
        ),
    ]


def _capitals(part: str) -> str:
    """o'brien -> O'Brien, smith-jones -> Smith-Jones, mcdonald -> McDonald."""
    pieces = re.split(r"([-'])", part.lower())
    cased = "".join(piece[:1].title() + piece[1:] for piece in pieces)
    cased = re.sub(r"\bMc([a-z])(?=[a-z]{2})", lambda m: "Mc" + m[1].upper(), cased)
    return unicodedata.normalize("NFC", cased)


_PLAYED = (
    r"yes|yeah|yep|no|nope|but|and|well|before(?: that)?|last (?:season|year)|previously|"
    r"(?:(?:he|she|they|it|we)(?:'s|'d| has| had| have| did| was| were| is)? ?)?(?:also |only |"
    r"just |previously )*"
    r"(?:play(?:ed|s|ing)?|been|was|were|trained|signed|registered|at|with|for|called)(?: (?:for|"
    r"at|with|called|in))?|"
    r"(?:his|her|their|the|a) (?:(?:old|previous|last|other) )?(?:team|club)(?: (?:was|is|called|"
    r"name))*|"
    r"(?:it|that|they) (?:was|were|is|are)(?: called)?|it's|a team called|a club called|called|for|"
    r"at|with"
)
_NO_TEAM = (
    r"no|nope|nah|none|nothing|nowhere|never|not|no ?one|nobody|n/?a|skip|didn't|didnt|hasn't|"
    r"haven't|hadn't|"
    r"first (?:time|team|club|season)|new to football|just starting|only school"
)


_NO_NAME = frozenset(
    "a an the in on at for with same team club other another one past before here you us "
    "yours ours "
    "different somewhere else local school just only some".split()
)


def team_name(text: str) -> str:
    """The name of a club or team, up to 100 characters; raises Refused "unsure", "not_a_name"."""
    typed = clean(text, limit=300)
    if has(typed, UNSURE):
        raise Refused("unsure")
    name = _settled_team(typed)
    if sum(c.isalpha() for c in name) < 2 or set(words(name)) <= _NO_NAME:
        raise Refused("not_a_name")
    if len(name) > TEAM_LIMIT:
        raise Refused("too_long", limit=TEAM_LIMIT)
    return name


def _settled_team(typed: str) -> str:
    """Without the sentence around it, and such that reading it again changes nothing."""
    name, before = typed, ""
    while name != before:
        before = name
        name = _TAIL.sub("", strip_lead(name, _PLAYED)).strip(" '\"")
        name = re.sub(r"\s+(?:last|the previous) (?:season|year)$", "", name, flags=re.IGNORECASE)
    return name


def played_elsewhere(text: str) -> tuple[bool, str]:
    """Whether the child played for another team last season, and its name ("" when not given)."""
    typed = clean(text, limit=300)
    if has(typed, UNSURE):
        raise Refused("unsure")
    said = words(typed)
    bare = {
        "yes",
        "yeah",
        "yep",
        "y",
        "he",
        "she",
        "they",
        "did",
        "has",
        "another",
        "different",
        "other",
        "team",
        "club",
        "somewhere",
        "else",
        "a",
        "played",
        "for",
    }
    if said and set(said) <= bare:
        return True, ""
    if _no_team(typed, said):
        return False, ""
    if not said:
        raise Refused("unclear")
    return True, team_name(typed)


_FOR_OTHERS = (
    r"(?:another|other|different) (?:team|club)|elsewhere|somewhere else|(?<!not )for (?!(?:you|us|"
    r"the|urmston|utj\w*|u|under|a|an|about|around|most|half|part|all|only|ages|several|many|some|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|\d+|u\d+\w*)\b)[\w']+"
)


def played_here(text: str) -> bool:
    """Yes or no to "played for us last season?"; a yes for somebody else is asked again."""
    played = yes_no(text)
    if played and has(clean(text, limit=500), _FOR_OTHERS):
        raise Refused("unclear")
    return played


def _no_team(typed: str, said: list[str]) -> bool:
    """A no, unless a team's name follows it ("no, he was at Sale United")."""
    if not has(typed, _NO_TEAM) or has(
        typed, r"fc|afc|jfc|united|rovers|town|city|athletic|juniors"
    ):
        return False
    named = re.search(r"(?:played|plays|was|playing) (?:for|at|with) [A-Z]", typed)
    return named is None and (said[:2] != ["why", "not"])
