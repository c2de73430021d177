"""Medical answers: whether there is something to know, as a list, and if it is serious."""

import re
from dataclasses import dataclass

from .choices import UNSURE
from .plain import Refused, clean, has, tidy

NOTES_LIMIT = 500  # characters (domain 4.2)

_SERIOUS = (
    r"epi-?pens?|epi pens?|auto-?injectors?|jext|emerade|inhalers?|ventolin|salbutamol|"
    r"nebuli[sz]er|spacer|"
    r"diabet\w*|insulin|hypo(?:glyc\w*)?s?|epilep\w*|heart(?! ?burn)|cardiac|murmur|pacemaker|"
    r"arrhythmia|"
    r"cardiomyopathy|seizures?|fits|convulsions?|anaphyla\w*|"
    r"h(?:a)?emophilia\w*|sickle cell|cystic fibrosis|severe\w*|life[- ]threatening|blackouts?|"
    r"collapses?|adrenal|t[12]d|type (?:1|2|one|two)|inhail\w*|inhalors?|diabe\w*|eplip\w*|"
    r"ana(?:ph|f)[iy]la\w*|"
    r"addison'?s|transplant|steroid-dependent|brain|shunt|tracheostomy|cancer|leuk(?:a)?emia|organ"
)
_OTHER_HEALTH = (
    r"asthma\w*|athsma\w*|as[mt]ma\w*|azma\w*|allerg\w*|all?erg\w*|exc?ema|exzema|intoleran\w*|"
    r"intolerance|eczema|hay ?fever|coeliac|celiac|lactose|gluten|"
    r"adhd|add|"
    r"autis\w*|asd|asperger'?s|dyslexi\w*|dyspraxi\w*|tourette'?s|anxiety|depress\w*|migraines?|"
    r"h(?:a)?earing|deaf\w*|"
    r"hearing aids?|blind\w*|visual\w*|glasses|contact lenses|nose ?bleeds?|arthritis|scoliosis|"
    r"perthes|osgood\w*|"
    r"sever'?s|hypermobil\w*|cerebral palsy|down'?s|syndrome|disorder|disease|condition|diagnos\w*|"
    r"medicat\w*|"
    r"medicines?|tablets?|antihistamines?|piriton|cetirizine|penicillin|antibiotics?|kidney|liver|"
    r"bowel|crohn'?s|"
    r"colitis|ibs|bladder|thyroid|an(?:a)?emi\w*|blood pressure|fractur\w*|operation|surgery|"
    r"injur\w*|surgical|"
    r"psoriasis|fainting|faints?|dizz\w*|concussion|disab\w*|wheelchair|special needs|learning "
    r"difficult\w*|"
    r"bee stings?|wasp stings?|nuts?|peanuts?|hospital|doctor|breathing|breathless\w*|wheez\w*|"
    r"croup|glue ear|"
    r"grommets?|stammer|speech|spina bifida|muscular dystrophy|hiv|hepatitis|tb|mental health|"
    r"suffers?|medical"
)
_CONDITIONS = rf"{_SERIOUS}|{_OTHER_HEALTH}"
_TREATED = r"medicat\w*|medicines?|antihistamines?|piriton|cetirizine|tablets?|hospital|pen"

# A clause of only these, with a "no" or a "healthy" among them, says that there is nothing.
_NOTHING_WORDS = frozenset(
    "no none nothing nope nah not n never any anything known medical issues issue problems problem "
    "conditions condition "
    "allergies allergy allergic health else other really that i i'm know of aware he she they he's "
    "she's they're has "
    "have is are at all thanks thank you to my knowledge fine healthy fit good very perfectly "
    "completely 100 touch wood "
    "fortunately luckily doesn't don't hasn't haven't isn't got a the so far report declare "
    "concerns concern needs "
    "special disclose worry about serious major significant nil na as well and or it's its him her "
    "them in suffer "
    "from currently just now moment absolutely of otherwise can think we us well there isn't "
    "aren't please for with fiddle does do did x xx xxx mate lol as "
    "otherwise child son daughter n't free clear im hes shes dont doesnt hasnt havent "
    "isnt arent theres whatsoever god thankfully nada zilch zero ta cheers note present anymore "
    "fully vaccinated horse drug nkda".split()
)
_NO = frozenset(
    "no none nothing nope nah not never n nil na nada zilch zero nkda dont doesnt hasnt havent "
    "isnt arent doesn't "
    "don't hasn't haven't isn't aren't".split()
)
_WELL = frozenset("healthy fit fine well clear".split())
_DECLINED = (
    r"(?:don't|do not) want to (?:say|answer|tell|share)|rather not|prefer not|private|none of "
    r"your|skip|pass|discuss|(?:tell|speak to|talk to|speak with|talk with) (?:you|someone|"
    r"(?:the|his|her|their) (?:coach|manager|club|team))"
)
_LEAD = re.compile(
    r"^(?:(?:yes|yeah|yep|y|ok|oh|well|hi|sorry|oops|actually|and|also|but|only|just|"
    r"apart from|except|except for|other "
    r"than|sadly|yes he|"
    r"yes she)\b[\s,.:-]*)+",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^(?P<who>(?:(?!no|not|never|used|may|might|could)\w+(?:'s)?\s+){0,2}?)(?P<verb>has got|"
    r"have got|has|have|had|got|"
    r"suffers?(?: from|"
    r" with)?|"
    r"(?:is|was|been) diagnosed with|(?:he|she|it|there)(?:'s| is)(?: got)?|they(?:'ve| have)(?: "
    r"got)?|is)\s+"
    r"(?:(?:a|an|got|bit of|some)\s+)*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Medical:
    """What a parent says of the child's health; `notes` is a comma list or ""."""

    has: bool
    notes: str = ""
    serious: bool = False


def mentions_health(text: str) -> bool:
    """Whether a sentence speaks of somebody's health, so that it stays out of the transcript."""
    return has(tidy(text[:5000]), _CONDITIONS)


def medical(text: str) -> Medical:
    """No, or yes with notes of up to 500 characters (domain 2.1 step 5, 2.8).

    Raises Refused "details" for a bare yes, "unsure", "declined", "unclear", "too_long".
    """
    typed = clean(text, limit=2000, lines=True)
    if not has(typed, _CONDITIONS):
        _refuse_evasions(typed)
    kept, denied = _sorted_clauses(typed)
    if not kept:
        return _without_notes(typed, denied)
    notes = _settled(kept)
    if not notes:
        raise Refused("details")
    if all(
        re.match(r"(?:no|not|never)\b", note, re.I) and not has(note, _CONDITIONS)
        for note in _sorted_clauses(notes)[0]
    ):
        raise Refused("unclear")
    if len(notes) > NOTES_LIMIT:
        raise Refused("too_long", limit=NOTES_LIMIT)
    return Medical(True, notes, _is_serious(notes))


def _settled(kept: list[str]) -> str:
    """The list as one text that reads as itself, so that showing and correcting it is safe."""
    notes = ", ".join(kept)
    for _ in range(6):
        if not has(notes, _CONDITIONS):
            _refuse_evasions(notes)
        again = ", ".join(_sorted_clauses(notes)[0])
        if again == notes:
            return notes
        notes = again
    raise Refused("unclear")


def _refuse_evasions(typed: str) -> None:
    if has(typed, _DECLINED):
        raise Refused("declined")
    if has(typed, UNSURE):
        # "No, I don't think so" is an answer; "I don't know" alone is none.
        rest = re.sub(rf"(?<![\w'])(?:{UNSURE})(?![\w'])", " ", typed, flags=re.IGNORECASE)
        said = set(_tokens(rest))
        if not (said <= _NOTHING_WORDS and said & _NO):
            raise Refused("unsure")
    if typed.endswith("?") or has(
        typed,
        r"what|why|ask (?:his|her|their|my)|see my|see (?:the|his|her) (?:gp|form|file|notes|"
        r"records?)|same as .*",
    ):
        raise Refused("unclear")


def _tokens(clause: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", clause.lower().replace("n/a", "na"))


def _sorted_clauses(typed: str) -> tuple[list[str], bool]:
    """(conditions named, whether a clause said "nothing"); refuses a contradiction."""
    kept: list[str] = []
    denied = contradicted = False
    for clause in _clauses(typed):
        if _says_nothing(clause):
            denied = True
            contradicted = contradicted or (not kept and _is_bare_no(clause))
        elif not set(_tokens(clause)) <= _NOTHING_WORDS and (note := _note(clause)):
            kept.append(note)
    excused = has(
        typed, r"but|just|only|except|apart|other than|although|though|however|serious|major"
    )
    if kept and contradicted and not excused:
        raise Refused("unclear")
    unique = {note.casefold(): note for note in reversed(kept)}
    return [note for note in dict.fromkeys(kept) if unique[note.casefold()] == note], denied


def _clauses(typed: str) -> list[str]:
    """The answer cut at stops, commas, "but" and "just", and at an "and" between two conditions."""
    rough = re.split(
        r"[\n,;]+|\.(?=\s|$)|!|\s+&\s+|\bbut\b|(?=\b(?:just|only|apart from|except|other than)\b)",
        typed,
        flags=re.I,
    )
    cut: list[str] = []
    for clause in rough:
        halves = re.split(r"\s+and\s+", clause.strip(), flags=re.IGNORECASE)
        if len(halves) > 1 and all(has(half, _CONDITIONS) for half in halves):
            cut += halves
        else:
            cut.append(clause)
    return [stripped for clause in cut if (stripped := clause.strip(" .,:;!?-"))]


def _says_nothing(clause: str) -> bool:
    said = _tokens(clause)
    if said and set(said) <= _NOTHING_WORDS:
        return bool(set(said) & (_NO | _WELL))
    # "no asthma" says nothing; "no nuts" and "no longer takes insulin" are to be known.
    denies = re.match(
        r"(?:(?:he|she|they|it) )?(?:no|doesn't have|does not have|hasn't got|has no|without)(?: "
        r"any)? (?!longer)",
        clause,
        re.IGNORECASE,
    )
    if not denies or has(clause, r"nuts?|peanuts?|penicillin|gluten|lactose|antibiotics?"):
        return False
    rest = re.sub(
        rf"\b(?:{_CONDITIONS}|or|and|any|history|of)\b", " ", clause[denies.end() :], flags=re.I
    )
    return set(_tokens(rest)) <= _NOTHING_WORDS


def _is_bare_no(clause: str) -> bool:
    return set(_tokens(clause)) <= {"no", "none", "nope", "nah", "nothing", "not", "n", "na", "nil"}


def _note(clause: str) -> str:
    """One condition as it goes on the list: without "he has", with a capital."""
    note = _LEAD.sub("", clause).strip()
    subject = _SUBJECT.match(note)
    if subject and not has(subject["who"], _CONDITIONS):
        note = note[subject.end() :]
    note = re.sub(r"\s+(?:though|please|thanks|thank you)$", "", _LEAD.sub("", note), flags=re.I)
    note = note.strip(" .,:;!?-")
    if sum(c.isalnum() for c in note) < 2:
        return ""
    return note[:1].upper() + note[1:]


def _without_notes(typed: str, denied: bool) -> Medical:
    agreed = has(typed, r"yes|yeah|yep|y")
    if denied and not agreed:
        return Medical(False)
    if not denied and (agreed or has(typed, r"(?:he|she|they) (?:has|does|have|do)")):
        raise Refused("details")
    raise Refused("unclear")


def _is_serious(notes: str) -> bool:
    """An allergy with medicine, an inhaler, diabetes, the heart (domain 2.1 step 5)."""
    allergic = has(notes, r"allerg\w*|intoleran\w*|stings?")
    return has(notes, _SERIOUS) or (allergic and has(notes, _TREATED))
