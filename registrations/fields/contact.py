"""Ways to reach somebody: mobile, e-mail, a second contact."""

import re
from dataclasses import dataclass

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from .plain import Refused, clean, has, strip_lead

# Ofcom's numbers for fiction, which no library calls valid: 07700 900000 to 900999.
_RESERVED = re.compile(r"\+447700900\d{3}")
_NUMBER = re.compile(r"(?<![\w.])(?:\+|\(\+?|\(0)?\(?\d(?:[ ().-]{0,3}\d){4,24}(?!\w)")
_DIGIT_WORDS = dict(
    zip(
        ("zero", "oh", "o", "nought", "one", "two", "three", "four", "five"),
        "000012345",
        strict=True,
    )
) | {"six": "6", "seven": "7", "eight": "8", "nine": "9"}
_EMAIL_LIMIT = 254
# Slips of the finger that would send a parent's post to a stranger's domain.
_SLIPS = {
    f"{slip}.com": f"{name}.com"
    for name, slips in {
        "gmail": "gmial gamil gmai gmal gnail gmaill gmali",
        "hotmail": "hotmial hotmal hotmai hotamil homail hotmaill",
        "yahoo": "yaho yahooo yhaoo",
        "outlook": "outlok outloook outlokk",
        "icloud": "iclod icoud icloude",
    }.items()
    for slip in slips.split()
}
_SLIPS |= {f"gmail.{end}": "gmail.com" for end in ("co", "cm", "om")}
_SLIPS |= {f"icloud.{end}": "icloud.com" for end in ("co", "cm", "om")}
# Endings that do not exist.
_NO_ENDING = re.compile(r"\.(?:con|cmo|comm|coom|cim|vom|xom|ocm|comn|c0m)$")
_LONDON = re.compile(r"\.(?:couk|ukk|co\.ukk|co\.ku|co\.uj|co\.yk|cok\.uk|c\.uk)$")
# What may stand before an address and is no part of it.
_BEFORE_EMAIL = (
    r"e-?mail'?s?|address|is|it's|its|it|at|on|to|use|my|mine|the|our|his|her|their|try|via|or|and|"
    r"yes|no|ok|hi|hello|sure|be|should|best|work|home|personal|main|new|now|please|contact|me|"
    r"not|from|but|actually|sorry|addy|mail|name|one|this|that|that's|here|you|can|as|with|for|"
    r"then|well|just|his|was"
)


def mobile(text: str) -> str:
    """A UK mobile in E.164 (domain 6; the reserved 07700 900xxx too).

    Raises Refused "no_number", "two_numbers", "landline", "foreign", "wrong_length", "not_mobile".
    """
    numbers = [_international(candidate) for candidate in _candidates(clean(text))]
    if not numbers:
        raise Refused("no_number")
    if any(number != numbers[0] for number in numbers):
        raise Refused("two_numbers")
    return _uk_mobile(numbers[0])


def _candidates(answer: str) -> list[str]:
    """Runs of digits long enough to be a number; a letter O among digits is a nought."""
    answer = re.sub(r"(?<![^\W\d])[oO](?=[\d ]*\d{3})|(?<=\d)[oO](?=\d)", "0", answer)
    # "O77OO 9OO123"; and a kiss is no figure.
    answer = re.sub(r"\b(?=\S*\d\S*\d)[\doO]+\b", lambda m: re.sub("[oO]", "0", m[0]), answer)
    answer = re.sub(r"(?<=\d)[oO]{2}(?= \d)", "00", answer)
    answer = re.sub(r"(?<=\d)x{1,4}\b", " ", answer)
    found = _NUMBER.findall(answer) if re.search(r"\d", answer) else []
    return found or _spoken(answer)


def _spoken(answer: str) -> list[str]:
    """ "oh seven seven double oh ..." as one run of digits."""
    digits, times = "", 1
    for word in re.findall(r"[a-z]+|\d", answer.lower()):
        if word in ("double", "triple"):
            times = 2 if word == "double" else 3
        elif word in _DIGIT_WORDS or word.isdigit():
            digits += _DIGIT_WORDS.get(word, word) * times
            times = 1
    return [digits] if len(digits) >= 5 else []


def _international(candidate: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(candidate, "GB")
    except NumberParseException:
        raise Refused("no_number") from None


def _uk_mobile(number: phonenumbers.PhoneNumber) -> str:
    if number.country_code != 44:
        raise Refused("foreign")
    canonical = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if _RESERVED.fullmatch(canonical):
        return canonical
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.MOBILE:
        return canonical
    if kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE):
        raise Refused("landline")
    digits = len(str(number.national_number)) + 1
    if digits != 11:
        raise Refused("wrong_length", digits=digits)
    # 01 and 02 numbers that nobody has been given yet are landlines all the same.
    raise Refused("landline" if str(number.national_number)[0] in "12" else "not_mobile")


def email(text: str) -> str:
    """An e-mail address in lower case; raises Refused "not_an_email", "two_emails", "typo"."""
    answer = re.sub(r"\s*@\s*", "@", clean(text, limit=500))
    answer = re.sub(r"mailto:", " ", answer, flags=re.IGNORECASE)
    found = {token.strip("<>()[]{},.;:'\"!?").lower() for token in answer.split() if "@" in token}
    if len(found) > 1:
        raise Refused("two_emails")
    if not found:
        raise Refused("not_an_email")
    address = found.pop()
    # "sarah jones@example.com" and "sarah underscore jones@example.com" are longer than they look.
    before = re.search(
        rf"(?<![\w.@'-])([\w.'-]+)[\s<(]+{re.escape(address)}", answer, re.IGNORECASE
    )
    if before and not (has(before[1], _BEFORE_EMAIL) or "<" in answer):
        raise Refused("not_an_email")
    return _checked_email(address)


def _checked_email(address: str) -> str:
    try:
        validate_email(address)
    except ValidationError:
        raise Refused("not_an_email") from None
    domain = address.rpartition("@")[2]
    if len(address) > _EMAIL_LIMIT or not re.search(r"\.[^\W\d_-][\w-]+$", domain):
        raise Refused("not_an_email")
    meant = _SLIPS.get(domain) or _LONDON.sub(".co.uk", _NO_ENDING.sub(".com", domain))
    if meant != domain:
        raise Refused("typo", suggestion=f"{address.rpartition('@')[0]}@{meant}")
    return address


@dataclass(frozen=True)
class SecondContact:
    """Somebody else to ring, and the words on who may not collect the child; each may be ""."""

    name: str
    phone: str
    not_to_collect: str = ""


_NOBODY = (
    r"(?:no|none|nope|nah|skip|nobody|no ?one|n/?a|pass|not? (?:needed|really|necessary)|nothing|"
    r"no thanks?|"
    r"no thank you|just (?:me|us)|only (?:me|us)|there isn't|there's (?:nobody|no one)|skip "
    r"(?:this|it)|"
    r"no thx|nah i'm (?:good|fine|ok)|i'm (?:good|fine)|(?:i |we |i'm afraid i )?(?:don't|do not|"
    r"dont) have (?:one|any ?one|anybody)|there is (?:no ?one|nobody)|"
    r"not at the (?:moment|minute)|not right now)(?: (?:else|thanks|thank you|to add|please|"
    r"other|one|contact|"
    r"at the moment))*"
)
_MAY_NOT = (
    r"(?:may|must|can|should|is|are|does|shall|could|would)(?: ?not|n't)(?: be)?(?: \w+){0,3} "
    r"(?:collect|pick)\w*|(?:can't|cant|won't|mustnt|isnt|shouldnt)(?: \w+){0,4} (?:collect|"
    r"pick)\w*|"
    r"(?:cannot|never|not (?:be )?allowed|not to|forbidden|banned)(?: \w+){0,4} (?:collect|"
    r"pick)\w*|"
    r"(?:do not|don't) let .{1,60} (?:collect|pick)\w*|"
    r"no[- ]contact (?:order|with)|court order|restraining order|non[- ]molestation order"
)
_CONTACT_WORDS = re.compile(
    r"\b(?:(?:her|his|their|the|my) (?:mobile|phone|tel|telephone|cell)?\s*(?:number|no|num)?|"
    r"mobile|phone|tel|"
    r"telephone|number|contact|please|ring|call|on|is|at|yes|and|it's|thanks|would be|emergency|"
    r"name|can be|"
    r"reached|you can|also|second|or)\b(?!')",
    re.IGNORECASE,
)


def second_contact(text: str) -> SecondContact | None:
    """A name and a UK mobile in any order, or None for nobody (domain 2.1 step 26).

    Raises Refused "no_name", and what `mobile` raises ("no_number", "landline", ...).
    """
    typed = clean(text, limit=600, lines=True)
    clauses = [
        c.strip(" ,.")
        for c in re.split(r"\n|;|\.\s+|,?\s+\bbut\b\s+|,\s*(?:and )?(?=[^\d])", typed, flags=re.I)
    ]
    forbidding = [clause for clause in clauses if has(clause, _MAY_NOT)]
    rest = " ".join(c for c in clauses if c and c not in forbidding).strip(" .!")
    not_to_collect = ". ".join(forbidding)[:200]
    if not rest or re.fullmatch(_NOBODY, rest, re.IGNORECASE):
        return SecondContact("", "", not_to_collect) if not_to_collect else None
    phone = mobile(rest[:200])
    return SecondContact(_contact_name(rest), phone, not_to_collect)


def _contact_name(rest: str) -> str:
    """What is left of an answer without its number: a person, "Nan" or "Grandma Jean"."""
    left = re.sub(r"\S+@\S+", " ", _NUMBER.sub(" ", rest))
    left = re.sub(r"\b(?:[oO]\d|\d[oO])[\doO]*\b|\b[oO]{1,2}\b(?!')|\bx{1,4}\b", " ", left)
    if re.search(r"\d", re.sub(r"\bo?7[\doO ]{3,}", " ", left)):
        raise Refused("no_name")  # an address too, say
    left = _CONTACT_WORDS.sub(" ", left)
    left = " ".join(re.sub(r"[^\w' -]|_|\d|(?<!\w)[-']|[-'](?!\w)", " ", left).split())
    left = strip_lead(
        left, r"sure|ok|okay|hi|oh|my|his|her|their|the|our|it's|that's|i'd say|use|maybe try"
    )
    left = re.sub(r"'s$", "", left)
    if has(
        left,
        r"not|never|no|don't|can't|won't|isn't|mustn't|anyone but|except|only|collect|pick|if|when",
    ):
        raise Refused("no_name")  # says who it is not
    if sum(c.isalpha() for c in left) < 2:
        raise Refused("no_name")
    if len(left) > 100:
        raise Refused("too_long", limit=100)
    return _named(left)


def _named(left: str) -> str:
    """Capitals where a keyboard left them out or stuck; a mixed name stays as typed."""
    if left.isupper() or left.islower():
        return re.sub(r"(?<![^\W\d_]['])\b[^\W\d_]", lambda m: m[0].upper(), left.lower())
    return left[:1].upper() + left[1:]
