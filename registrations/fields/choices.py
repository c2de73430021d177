"""Answers that are one of a few: yes or no, gender, relationship, use of photos."""

import re
from dataclasses import dataclass
from typing import Literal

from .plain import Refused, clean, has, strip_lead, tidy

UNSURE = (
    r"not (?:really |too |quite |100% |entirely )?sure|unsure|maybe|perhaps|possibly|sometimes|"
    r"depends|"
    r"(?:don't|dont|do not|didn't|cannot|can't) (?:really )?(?:know|remember|understand|think so)|"
    r"dunno|no idea|"
    r"no clue|i think so|i think|i guess|i suppose|half the time|part of the time|not certain|idk|"
    r"(?:doesn't|does not) matter|don't care|not bothered|either way|whatever"
)
# Said with "no" or "not" in them, and yet a yes.
_YES_IN_DISGUISE = (
    r"no (?:problem|problems|worries|probs|objections?)|not a problem|why not|(?:don't|do not|"
    r"wouldn't) mind|"
    r"(?:don't|do not) have (?:a|any) (?:problems?|issues?|objections?)(?: with it)?|"
    r"nothing (?:wrong|to change|needs changing)|no changes?(?: needed)?|no (?:mistakes|errors)|"
    r"can't see why not|no issues with that"
)
_YES = (
    r"yes|y|yeah|yeh|yea|yep|yup|yess+|ye|yh|ya|aye|ok|okay|okey|k|sure|certainly|definitely|absolutely|"
    r"correct|right|"
    r"of course|go ahead|please do|true|agreed?|i do|i consent|happy to|happy with that|perfect|"
    r"spot on|course|by all means|go for it|i(?:'d| would) love to|"
    r"looks? (?:good|fine|great|right)|all good|fine|indeed|affirmative|positive|exactly|100%"
)
_NO = (
    r"no|n|nope|nah+|na|naw|never|not|don't|dont|doesn't|didn't|hasn't|haven't|isn't|isnt|wasn't|"
    r"won't|can't|"
    r"cannot|negative|false|incorrect|wrong|rather not|none|refuse|decline|opt out|"
    r"disagree|noo+|nothing|neither"
)
# Said with a word of agreement in them, and yet a no.
_NO_IN_DISGUISE = (
    r"(?:absolutely|definitely|certainly|of course|surely) (?:not|no)|"
    r"(?:i|we|he|she|they) (?:do|does|did) not"
)
_HALF_A_YES = r"only|except|unless|apart from|as long as|if"
_NOT_YES = rf"(?:not|isn't|isnt|don't|doesn't|wasn't|do not) (?:\w+ )?(?:{_YES})"


def yes_no(text: str) -> bool:
    """Yes or no by whole words (domain 2.8); raises Refused "unsure", "unclear"."""
    answer = clean(text, limit=500)
    if has(answer, UNSURE):
        raise Refused("unsure")
    yes = has(answer, _YES_IN_DISGUISE)
    rest = re.sub(rf"(?<![\w'])(?:{_YES_IN_DISGUISE})(?![\w'])", " ", answer, flags=re.IGNORECASE)
    if has(rest, r"can't (?:really )?say no"):
        raise Refused("unclear")
    no = has(rest, _NO)
    for a_no in (_NOT_YES, _NO_IN_DISGUISE):
        rest = re.sub(rf"(?<![\w'])(?:{a_no})(?![\w'])", " ", rest, flags=re.IGNORECASE)
    yes = yes or has(rest, _YES)
    if yes == no or (yes and has(answer, _HALF_A_YES)):
        raise Refused("unclear")
    return yes


_MALE = r"boy+|boi|boys|man|male|masculine|lad|son|gentleman|bloke|guy"
_FEMALE = r"girl+|girls|woman|female|femail|femal|famale|gril|feminine|lass|lassie|daughter|lady"
_PREFERS_NOT = (
    r"prefer not(?: to (?:say|disclose|answer|tell))?|(?:would |'d )?rather not(?: (?:say|disclose|"
    r"answer))?|"
    r"(?:don't|do not) (?:want|wish|like) to (?:say|answer|disclose)|not disclosed|undisclosed|"
    r"private|skip|pass|"
    r"not saying|pnts|none of your business|no answer"
)
_OTHER_GENDER = (
    r"non[- ]?binary|nb|enby|trans|transgender|agender|gender[- ]?fluid|genderqueer|gender[- "
    r"]?neutral|intersex|"
    r"neither|other|another|queer|two[- ]spirit|questioning|(?:they|she|he) ?/ ?"
    r"(?:them|they)|identif\w+"
)


def gender(text: str) -> Literal["Male", "Female", "Not Disclosed"]:
    """The club's three values (domain 2.1 step 4); raises Refused "unsure", "unclear"."""
    answer = clean(text)
    # Before the unsure words: "don't want to say" is an answer.
    if has(answer, _PREFERS_NOT):
        return "Not Disclosed"
    if has(answer, UNSURE) or has(answer, r"tom[- ]?boy"):
        raise Refused("unsure")
    if has(answer, rf"(?:not|isn't|never|no|neither) (?:a |an )?(?:{_MALE}|{_FEMALE})(?! (?:n)or)"):
        return _neither(answer)
    male, female = _is_said(answer, "male"), _is_said(answer, "female")
    if male != female:
        return "Male" if male else "Female"
    if not male and has(answer, _OTHER_GENDER):
        return "Not Disclosed"
    raise Refused("unclear")


def _neither(answer: str) -> Literal["Not Disclosed"]:
    if has(answer, rf"neither|{_OTHER_GENDER}"):
        return "Not Disclosed"
    raise Refused("unclear")


def _is_said(answer: str, which: Literal["male", "female"]) -> bool:
    """Whether a noun, the single letter, or else only a pronoun says so."""
    nouns, letter, pronoun = {
        "male": (_MALE, "m", r"he|he's|him|his"),
        "female": (_FEMALE, "f", r"she|she's|her"),
    }[which]
    if has(answer, nouns) or answer.lower().strip(" .") == letter:
        return True
    return not has(answer, rf"{_MALE}|{_FEMALE}|{_OTHER_GENDER}") and has(answer, pronoun)


def gender_needs_note(text: str) -> bool:
    """Whether a gender beyond the three values was named, so that staff see the words."""
    return has(tidy(text[:200]), _OTHER_GENDER)


@dataclass(frozen=True)
class Relationship:
    """Who somebody is to the child; `detail` keeps the words of a Guardian or Other."""

    value: Literal["Mother", "Father", "Guardian", "Other"]
    detail: str = ""


_MOTHER = r"mothr|muther|mum|mums|mam|mom|mother|mummy|mommy|mammy|mama|mumma|ma"
_FATHER = r"fathr|farther|pops|dad|dads|father|daddy|papa|da|pa"
_GUARDIAN = r"guardian|guardians|legal guardian|carer|carers|foster|fostering|custodian|kinship|sgo"
_STEP = rf"step[- ]?(?:{_MOTHER}|{_FATHER}|parent|son|daughter|child)"
_RELATIVE = (
    r"gran|grans|grandma|grandmother|granny|grannie|nan|nana|nanna|nanny|nannie|grandad|granddad|"
    r"grandpa|"
    r"grandfather|gramps|grampa|grandparents?|grandson|granddaughter|grand[- ](?:mother|father|dad|"
    r"ma|pa|parent)|"
    r"aunt|aunty|auntie|uncle|brother|sister|sibling|cousin|friend|neighbour|childminder|social "
    r"worker|"
    r"god ?-?(?:mother|father|parent)|(?:mother|father|dad|mum)[- ]in[- ]law|partner|boyfriend|"
    r"girlfriend|"
    r"husband|wife|other|relative|teacher|au pair|great[- ]\w+|family friend|half[- "
    rf"]?(?:brother|sister)|(?:{_MOTHER}|{_FATHER})'s (?:{_MOTHER}|{_FATHER})"
)
_PARENT_LEAD = (
    r"i am|i'm|im|it's|its|this is|yes|well|hi|hello|the|his|her|their|my|he's|she's|child's|am|a|"
    r"an|"
    r"i would be|that's|as"
)


def relationship(text: str) -> Relationship:
    """Mother, Father, Guardian or Other (domain 2.1 step 7).

    Raises Refused "which_parent" for "parent" alone, "two" for both, "unclear", "unsure".
    """
    answer = clean(text)
    if has(answer, UNSURE):
        raise Refused("unsure")
    if has(answer, r"not|isn't|no|neither|nor"):
        raise Refused("unclear")
    value = _relation(answer)
    if value in ("Mother", "Father"):
        return Relationship(value)
    detail = strip_lead(answer, _PARENT_LEAD).rstrip(" .!,")
    detail = detail[:1].upper() + detail[1:]
    return Relationship(value, "" if detail == value else detail[:100])


def _relation(answer: str) -> Literal["Mother", "Father", "Guardian", "Other"]:
    """The value by its words; the more special ones first, since they contain "mum" and "dad"."""
    answer = re.sub(rf"\bother (?=(?:{_MOTHER}|{_FATHER})\b)", "", answer, flags=re.IGNORECASE)
    if has(answer, r"parents?") and has(answer, "guardian") and not has(answer, "legal"):
        raise Refused("which_parent")  # a form's own word
    if has(answer, rf"{_STEP}|{_GUARDIAN}"):
        return "Guardian"
    if has(answer, rf"{_RELATIVE}|(?:{_MOTHER}|{_FATHER}) figure|like (?:an? )?\w+ to"):
        return "Other"
    mother, father = has(answer, _MOTHER), has(answer, _FATHER)
    if mother and father:
        raise Refused("two")
    if mother or father:
        return "Mother" if mother else "Father"
    if has(answer, r"coach"):  # "dad and coach" is a dad
        return "Other"
    raise Refused(
        "which_parent" if has(answer, r"parents?|my (?:son|daughter|child)") else "unclear"
    )


_SQUAD = r"squads?|lists?|leagues?|team ?sheets?|fixtures?"
_PUBLIC = (
    r"website|web ?site|web|social(?: media)?|socials|facebook|instagram|"
    r"twitter|online|internet|tiktok"
)
_IDENTITY = r"(?:proof of )?identity(?: only)?|identification|id(?: only)?"
_NEGATED = (
    r"(?:no|not|never|without|except|don't|dont|do not|nor|but not|keep \w+ off|off|apart from)"
)
_FEW_WORDS = (
    r"(?:(?:on|in|for|use|put|the|any|club|club's|to|be|show|it|him|her|them|his|photo|even|from|"
    r"your) )*"
)


def photo_use(text: str) -> Literal["all", "squad_list", "identity_only"]:
    """How far the club may show the child's photo (domain 2.1 step 25).

    Raises Refused "unsure" or "unclear": the widest use is never guessed.
    """
    answer = clean(text, limit=500)
    if has(answer, UNSURE):
        raise Refused("unsure")
    if has(answer, rf"identity_only|{_IDENTITY}"):
        return _names_identity(answer)
    not_public = has(answer, rf"{_NEGATED} {_FEW_WORDS}(?:{_PUBLIC})")
    if has(answer, rf"{_NEGATED} {_FEW_WORDS}(?:{_SQUAD})|(?:{_SQUAD}) (?:is|are)(?: not|n't)"):
        return _refuses_squad(answer)
    if has(answer, rf"squad_list|{_SQUAD}"):
        return _names_squad(answer, not_public)
    if has(answer, _PUBLIC):
        return _names_public(answer, not_public)
    if has(answer, r"only|just|but|except"):
        raise Refused("unclear")
    if has(answer, r"both|all|everything|anywhere") and not has(answer, rf"{_NO}|nothing"):
        return "all"
    return "all" if yes_no(answer) else "identity_only"


def _names_identity(answer: str) -> Literal["identity_only"]:
    if has(answer, rf"{_SQUAD}|{_PUBLIC}|both|all|everything|not (?:just|only)|as well|too"):
        raise Refused("unclear")
    return "identity_only"


def _refuses_squad(answer: str) -> Literal["identity_only"]:
    if has(answer, r"no|nothing|none") and not has(answer, r"yes|only|just|but"):
        return "identity_only"
    raise Refused("unclear")


def _names_squad(answer: str, not_public: bool) -> Literal["all", "squad_list"]:
    """The squad list was named: alone, or together with the public places."""
    narrowed = has(answer, rf"(?:only|just|but)(?: \w+){{0,6}} (?:{_SQUAD})|(?:{_SQUAD}) only")
    if not not_public and not narrowed and has(answer, rf"{_NO}|nothing|or"):
        raise Refused("unclear")
    if not has(answer, _PUBLIC) or not_public:
        return "squad_list"
    if has(answer, r"only|just|but"):
        raise Refused("unclear")
    return "all"


def _names_public(answer: str, not_public: bool) -> Literal["all", "squad_list"]:
    """Only the public places were named; with a yes before "not online", the lists are meant."""
    agreed = has(answer, r"yes|yeah|yep|ok|okay|sure|fine")
    if not agreed or has(answer, r"only|just"):
        raise Refused("unclear")
    if not_public:
        return "squad_list"
    if has(answer, r"no|not|don't|but"):
        raise Refused("unclear")
    return "all"
