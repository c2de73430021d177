"""What of a message may leave for a language model: nothing of health, safety or contacts.

Kept apart from the reader, so that it can be read and tested by itself (docs/reading.md).
"""

import re
from functools import partial

from registrations import fields
from registrations.fields.plain import has, tidy

NO_COMPUTER = re.compile(r"^\W*no computers?( reading)?\W*$", re.IGNORECASE)
LONGEST = 600  # characters; what is longer is a paste, not an answer

# Stems, so that a misspelt or an inflected word keeps its sentence here too. Rather too many.
_HEALTH = re.compile(
    r"\b(?:a?sth?m|al+erg|epil|epip|inhal|ventol|insul|diab|medic|tablet|pills?\b|prescri|sick|"
    r"ill(?:ness)?\b|unwell|doctor|gp\b|nurse|hospit|clinic|therap|counsel|autis|adhd|a\.d\.h|asd|"
    r"aspie|dyslex|dysprax|disab|disord|depres|anxi|bipolar|mental|self.?harm|seiz|faint|surg|"
    r"operat|wheelch|cancer|tumou?r|pregnan|heart|lung|kidney|liver|blood|brok(?:e|en) (?:his|her|"
    r"a|my)|injur|concus|deaf|blind|hearing|eye.?sight|glasses|syndrom|condition|diagnos|coeliac|"
    r"celiac|eczema|needs? help|special needs|senco?\b|ehcp|wets?\b|toilet|die[ds]?\b|dying|"
    r"bereav|grie[fv])",
    re.IGNORECASE,
)
_SAFETY = re.compile(
    r"\b(?:collect|pick(?:s|ed|ing)?\b.{0,20}\bup|court|custody|restrain|non.?molest|police|prison|"
    r"abus|violen|social (?:work|servic)|foster|adopt|refuge|stalk|not allowed (?:near|to see)|"
    r"asylum|immigra|benefits?\b|universal credit|hardship|afford|debt|bank\b|sort code|account "
    r"number|card number|password|religio|muslim|christian|jewish|gay\b|lesbian|trans\b)",
    re.IGNORECASE,
)
_SAYS_NO = r"no (?:computers?|ai|a\.i\.|robots?|machines?|chat ?gpt|bots?)"
_TAKEN_OUT = (
    ("e-mail", re.compile(r"\S+@\S+")),
    ("link", re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("number", re.compile(r"(?<![\d/.-])\+?\d(?:[\s().-]?\d){6,}(?![\d/])")),
    ("postcode", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b", re.IGNORECASE)),
    ("code", re.compile(r"\b[12]00[-\s]\S+", re.IGNORECASE)),
)
_DATE = re.compile(r"\d{1,4}[\s/.-]\d{1,2}[\s/.-]\d{2,4}")


def may_leave(text: str) -> bool:
    """Whether the message may be given to a model at all."""
    plain = tidy(text[: LONGEST + 1])
    if not plain or len(plain) > LONGEST or has(plain, _SAYS_NO):
        return False
    return not (fields.mentions_health(plain) or _HEALTH.search(plain) or _SAFETY.search(plain))


def without_contacts(text: str) -> str:
    """The message with contacts, numbers, postcodes, links and codes taken out."""
    plain = tidy(text)
    for word, pattern in _TAKEN_OUT:
        plain = pattern.sub(partial(_marked, f"[{word}]"), plain)
    return plain


def _marked(mark: str, found: re.Match[str]) -> str:
    return found[0] if _DATE.fullmatch(found[0]) else mark
