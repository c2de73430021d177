"""Corrections at the summary in plain words: which field, which value (domain 2.1 step 28)."""

import re

from registrations.fields import mentions_health
from registrations.fields.plain import has, tidy

_CHILDS = (
    r"his|her|their|he|she|child|child's|childs|children's|son|son's|daughter|daughter's|player|"
    r"player's|kid|kid's|he's|she's"
)
_PARENTS = r"my|mine|i|i'm|parent|parent's|own|mum|mum's|dad|dad's|our"

# What a field is called, the child's field, the parent's; the more special first.
_FIELDS: tuple[tuple[str, str, str], ...] = (
    (r"(?:sur|last |family |second )names?", "child_name", "parent_name"),
    (r"(?:first|given|fore|christian) ?names?", "child_name", "parent_name"),
    (
        r"(?:emergency|second|other|additional|2nd) contact(?:'s)?(?: (?:number|name))?",
        "second_contact",
        "",
    ),
    (r"(?:not|may not|can't|must not) (?:be )?(?:collect|pick)\w*", "second_contact", ""),
    (
        r"house ?(?:number|name|no)|door number|house num|flat(?: number)?",
        "child_house",
        "parent_house",
    ),
    (r"(?:shirt|squad|kit|jersey) ?(?:number|no)", "shirt_number", ""),
    (r"(?:kit|shirt|jersey) ?size|size", "kit_size", ""),
    (
        r"(?:payment|pay|direct debit|debit|collection) ?(?:day|date)|day of payment|"
        r"(?:change|move|different)(?: (?:the|my))? payment(?: (?:day|date))?|direct debit",
        "payment_day",
        "",
    ),
    (
        r"birth ?days?|birth ?date|date of birth|d\.?o\.?b\.?|bday|born(?: on)?|year of birth",
        "child_dob",
        "parent_dob",
    ),
    (r"gender|sex", "gender", ""),
    (
        r"medical\w*(?: (?:notes?|info|information|conditions?|issues?|details|needs))?|"
        r"allerg(?:y|ies)|health(?: conditions?)?",
        "medical",
        "",
    ),
    (r"(?:previous|old|last|former|other) (?:team|club)", "previous_team", ""),
    (
        r"played (?:for (?:you|the club|urmston)|last season|here|with you)|last season",
        "played_last_season",
        "",
    ),
    (r"relationship(?: to (?:him|her|the child|player))?|relation", "relationship", ""),
    (r"e-?mails?(?: address)?", "child_email", "parent_email"),
    (
        r"(?:mobile|phone|telephone|cell|tel|contact)(?: (?:number|no|num))?|numbers?",
        "child_mobile",
        "parent_mobile",
    ),
    (r"post ?codes?|zip(?: code)?", "child_postcode", "parent_postcode"),
    (r"same address|lives? (?:with|at|elsewhere|somewhere)", "same_address", ""),
    (r"address(?:es)?|street|road name|town", "child_address", "parent_address"),
    (r"(?:photo|picture|image)s?(?: (?:use|consent|permission|choice))?", "photo_use", ""),
    (
        r"consent|communications?|newsletters?|club (?:news|messages|emails)|marketing|comms",
        "comms_consent",
        "",
    ),
    (r"full names?|names?|spelling|spelt|spelled|called", "child_name", "parent_name"),
)
# Fields that belong to the parent unless the child is named; all others to the child.
_PARENT_FIRST = frozenset(
    {"parent_house", "parent_email", "parent_mobile", "parent_postcode", "parent_address"}
)
_I_AM = re.compile(
    r"\bi(?:'?m| am) (?:actually )?(?P<no>not )?(?:(?:his|her|their|the|a) )"
    r"(?P<who>(?:(?!\bi(?:'?m| am)\b)[\w' -]){2,40})$",
    re.IGNORECASE,
)
# "Yes to emails" names a consent and says what it is to be; it is no yes to the summary.
_MAIL = r"(?:(?:any|the|all|your|club) )*(?:e-?mails|texts|messages|news\w*|marketing|updates)"
_CONSENTS = (
    ("comms_consent", "no", rf"(?:i )?(?:don't|do not|no|stop)(?: \w+){{0,3}} {_MAIL}"),
    ("comms_consent", "no", rf"no to {_MAIL}"),
    ("comms_consent", "yes", rf"(?:yes|yeah|yep) to {_MAIL}"),
    ("photo_use", "no", r"no to (?:the |any )?(?:photo|picture)s?"),
    ("photo_use", "", r"(?:yes|yeah|yep) to (?:the )?(?:photo|picture)s?"),
)
_HAS_ILLNESS = re.compile(
    r"(?:he|she|they|child|son|daughter)(?:'s| has| have| is| suffers)? (?!.*\bwrong\b).*",
    re.IGNORECASE,
)
_IS_A = re.compile(
    r"(?:he|she|they|it)(?:'s| is| are) (?:actually )?(?:a )?(?P<who>boy|girl|non-?binary)\b", re.I
)

_LINK = re.compile(
    r"^[\s,.:;=>\"-]*(?:(?:(?:is|are|was) (?:not (?:right|correct)|wrong|incorrect|spelt wrong|"
    r"spelled wrong|misspelt)|"
    r"(?:isn't|isnt|aren't) (?:right|correct)|wrong|incorrect|should (?:be|read|say|have been)|"
    r"needs? to (?:be|say)|"
    r"must be|ought to be|(?:has )?changed? to|change it to|which (?:is|should be)|spelt wrong|"
    r"spelled wrong|misspelt|spelt|spelled|"
    r"is now|is actually|is really|is spelt|"
    r"is spelled|"
    r"it should be|it's|its|it is|that should be|that's|to be|should|is|are|was|to|as|on|actually|"
    r"now|please|"
    r"number is|address is|for|of|in|has (?:an? )?(?:mistake|typo|"
    r"error))(?![\w'@])[\s,.:;=>\"-]*)+",
    re.IGNORECASE,
)
_NOT_BUT = re.compile(
    r"^\s*(?:isn't|is not|isnt|wasn't|not|was|from)\s.*?(?:\bit's\b|\bit is\b|\bit should be\b|"
    r"\bbut\b|\bto\b|\bshould be\b)\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*,?\s*(?:\b(?:not|instead of|rather than|and not)\b\s.*|"
    r"\b(?:please|thanks|thank you)\b)[\s.!?]*$",
    re.I,
)
_VALUE_FIRST = re.compile(
    r"^(?:it's |it is |it should be )?(?P<value>.+?)\s+(?:is|should be|for|as|was)\s+(?:(?:the|my|"
    r"his|her|our|their|"
    r"child's)\s+)*(?:(?:right|correct|new|proper|actual)\s*)?$",
    re.IGNORECASE,
)
_FREE_FORM = frozenset(
    {"medical", "second_contact", "photo_use", "same_address", "parent_address", "child_address"}
)
_FINE = re.compile(
    r"(?:all |also |both )?(?:correct|right|fine|ok|okay|good|perfect|great|lovely)(?: now)?",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:that'?s (?:all )?(?:right|correct|fine)|no|nope|yes|yeah|ok|but|sorry|hi|and|also|oh|"
    r"actually|almost|nearly|it's all (?:right|"
    r"correct|good)|all (?:right|correct|good)|"
    r"everything(?:'s| is)? ?(?:else )?(?:right|correct|fine|good)?|except|apart from|only|"
    r"just)\b[\s,.:;-]*)+",
    re.IGNORECASE,
)
# A field named by somebody who is content, without a value, is not a correction.
_CONTENT = r"yes|yeah|yep|happy|pleased|all (?:good|correct|right|fine)"
_PROBLEM = (
    r"wrong|not|isn't|incorrect|except|apart|but|change|changes|fix|edit|update|amend|mistake|typo|"
    r"different|old|misspelt"
)
_CUT = re.compile(r"(\n|;|\.\s+|,\s*(?:and |but |also )?|\s+(?:and|but|&|plus)\s+)", re.IGNORECASE)


def read(text: str) -> list[tuple[str, str]]:
    """(field, new value) for each correction; the value is "" where only the mistake was named."""
    plain = tidy(text, lines=True)
    for field, value, pattern in _CONSENTS:
        if re.fullmatch(rf"(?:{pattern})(?: please| thanks)?[\s.!]*", plain, re.IGNORECASE):
            return [(field, value)]
    content = has(plain, _CONTENT) and not has(plain, _PROBLEM)
    found: dict[str, str] = {}
    for clause in _clauses(plain):
        named = _in_clause(_OPENING.sub("", clause))
        if named is None or (content and not named[1]):
            continue
        if not found.get(named[0]):
            found[named[0]] = named[1]
    return list(found.items())


def _clauses(text: str) -> list[str]:
    """The text cut where another field is named; what names none belongs to what precedes."""
    pieces = _CUT.split(text)
    clauses: list[str] = []
    for i in range(0, len(pieces), 2):
        piece, joint = pieces[i], pieces[i - 1] if i else ""
        if clauses and not _starts_another(piece):
            clauses[-1] += joint + piece
        else:
            clauses.append(piece)
    return [clause.strip() for clause in clauses if clause.strip()]


def _starts_another(piece: str) -> bool:
    return _mention(piece[:60]) is not None or bool(_I_AM.search(piece) or _IS_A.search(piece))


def _mention(clause: str) -> tuple[re.Match[str], str] | None:
    """Where a field is named, and which."""
    for pattern, childs, parents in _FIELDS:
        match = re.search(rf"(?<![\w'@.-])(?:{pattern})(?![\w@]|'(?!s\b))", clause, re.I)
        if match and not ("@" in clause[: match.start()] and "is" not in clause):
            return match, _whose(clause[: match.start()], childs, parents)
    return None


def _whose(before: str, childs: str, parents: str) -> str:
    """The child's field or the parent's, by the nearest word that says so."""
    if not parents:
        return childs
    said = re.findall(rf"(?<![\w'])(?:({_CHILDS})|({_PARENTS}))(?![\w'])", before, re.IGNORECASE)
    if said:
        return childs if said[-1][0] else parents
    return parents if parents in _PARENT_FIRST else childs


def _in_clause(clause: str) -> tuple[str, str] | None:
    who = _I_AM.search(clause)
    if who and not has(who["who"], r"name|email|sure|happy"):
        return "relationship", "" if who["no"] else _TAIL.sub("", who["who"]).strip()
    if gender := _IS_A.search(clause):
        return "gender", gender["who"]
    mention = _mention(clause)
    if mention is None:
        return ("medical", clause) if mentions_health(clause) else None
    match, field = mention
    value = _value(clause, match, field)
    if field == "medical" and _HAS_ILLNESS.fullmatch(clause):
        value = clause
    if _FINE.fullmatch(value):
        return None
    return field, _with_part(match[0], field, value)


def _value(clause: str, match: re.Match[str], field: str) -> str:
    """The new value: after the field's name, else before it, else ""."""
    if field == "same_address" or match.re.pattern.startswith(r"(?<![\w'@.-])(?:(?:not|may"):
        return clause.strip()
    rest = clause[match.end() :]
    rest = re.sub(r"^'s\b", "", rest)
    if field not in _FREE_FORM:
        rest = _NOT_BUT.sub("", rest)
        rest = _TAIL.sub("", rest)
    value = _LINK.sub("", rest).strip(' .,:;!?"')
    if value:
        return value
    before = _VALUE_FIRST.match(clause[: match.start()].strip() + " ")
    return (
        before["value"].strip(" ,.")
        if before and not has(before["value"], "what|wrong|there|this|that")
        else ""
    )


def _with_part(named: str, field: str, value: str) -> str:
    """A first or last name keeps its label, since the other half stays (`fields.renamed`)."""
    if not value or not field.endswith("_name"):
        return value
    if re.match(r"sur|last|family|second", named, re.IGNORECASE):
        return f"surname {value}"
    return f"first name {value}" if re.match(r"first|given|fore|christian", named, re.I) else value
