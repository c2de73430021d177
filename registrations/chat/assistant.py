"""Answers about the club to somebody who has typed no code: from the club's own texts only.

It reads those texts and the open season's prices, no record of anybody. Where the search over them
is at a loss a language model may choose among their titles, and read in them with the one tool that
it has; the words are always the club's.
"""

import json
import re
import time
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.safestring import SafeString

from integrations import clock, openai, openai_answers
from integrations.agents import hosted
from integrations.agents.tools import Caller
from integrations.errors import OutsideError, Rejected
from registrations import wording
from registrations.actions import reading as calls
from registrations.chat import model, privacy
from registrations.fields.plain import tidy, words
from registrations.models import ClubText, ModelCall, Season

SECONDS = 8.0  # for all tries and calls of tools of a turn
TOOLS = ["club_texts"]  # only such as say nothing about anybody: whoever chats has proved nothing
MOST = 40  # texts that a model chooses among
SURE = 3  # a keyword, or as much as a word of the title and one of the text
LONGEST = 300  # characters of a question that is looked at
_COMMON = frozenset(
    "a about am an and any are at be can could do does for from get go have he her his how i if in "
    "is it me much my need of on or please she so some tell that the their there they this to us "
    "want was we what when where which who will with would you your hello hi hey thanks "
    "football club team kid kids child son daughter".split()
)
_SCHEMA = {
    "type": "object",
    "properties": {
        "texts": {"type": "array", "items": {"type": "integer"}},
        "agent_final_response": {"type": "string"},
    },
    "required": ["texts", "agent_final_response"],
    "additionalProperties": False,
}


def answer(text: str, at: datetime, *, example: str) -> str:
    """The club's words to a question, "" where none of its texts is about it.

    May make a network call, so never inside a transaction.
    """
    texts = _texts()
    found = _search(texts, text) or _chosen(texts, text, at)
    if found is None:
        return ""
    return wording.markdown("about_the_club", words=filled(found.words, example), example=example)


def nearest(text: str, most: int) -> list[ClubText]:
    """The texts that have anything in common with a question, the best first."""
    return [each for score, each in _scored(_texts(), text) if score][:most]


def _texts() -> list[ClubText]:
    return list(ClubText.objects.filter(shown=True)[:MOST])


def _search(texts: list[ClubText], text: str) -> ClubText | None:
    """The text that has most in common with the question, where one is clearly first."""
    scored = _scored(texts, text)
    if not scored or scored[0][0] < SURE:
        return None
    tied = len(scored) > 1 and scored[1][0] == scored[0][0]
    return None if tied else scored[0][1]


def _scored(texts: list[ClubText], text: str) -> list[tuple[int, ClubText]]:
    asked = _stems(text[:LONGEST])
    return sorted(((_score(each, asked), each) for each in texts), key=lambda pair: -pair[0])


def _score(text: ClubText, asked: set[str]) -> int:
    """Three for each keyword, two for a word of the title, one for a word of the text."""
    weighed = ((text.words, 1), (text.title, 2), (text.keywords, 3))
    weights = {stem: weight for said, weight in weighed for stem in _stems(said)}
    return sum(weights.get(stem, 0) for stem in asked)


def _stems(text: str) -> set[str]:
    """The telling words, without endings: "costs", "costing" and "cost" are one."""
    telling = [word for word in words(tidy(text)) if word not in _COMMON and len(word) > 1]
    return {re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 4 else word for word in telling}


def _chosen(texts: list[ClubText], text: str, at: datetime) -> ClubText | None:
    """The text that a model takes the question to be about; None without a model."""
    telling = len(words(tidy(text[:LONGEST]))) >= model.FEWEST_WORDS
    if not texts or not model.is_on() or not telling or not privacy.may_leave(text):
        return None
    if not calls.may_call(None, at):
        return None
    try:
        said = _said(json.dumps(_question(texts, text), ensure_ascii=False))
    except OutsideError:
        return None
    found = _found(texts, said)
    outcome = ModelCall.Outcome.READ if found else ModelCall.Outcome.UNCLEAR
    calls.record(said, ModelCall.Purpose.TEXTS, outcome, draft=None, at=at)
    return found


def _said(content: str) -> openai.Answer:
    """What the model says; where its provider cannot use the agents' door, tools run here."""
    until = time.monotonic() + SECONDS
    try:
        return _ask(content, until)
    except Rejected as error:
        if error.code != openai.NO_DOOR:
            raise
        hosted.lost()
        return _ask(content, until)


def _ask(content: str, until: float) -> openai.Answer:
    return openai.ask(
        "choose",
        instructions=wording.plain("chat/model/texts.txt"),
        content=content,
        name="texts",
        schema=_SCHEMA,
        seconds=until - time.monotonic(),
        tools=hosted.tools(TOOLS),
        run=hosted.runner(TOOLS, Caller(AnonymousUser())),
    )


def _question(texts: list[ClubText], text: str) -> dict[str, Any]:
    listed = [{"number": each.pk, "title": each.title, "about": each.keywords} for each in texts]
    return {"question": privacy.without_contacts(text), "texts": listed}


def _found(texts: list[ClubText], said: openai.Answer) -> ClubText | None:
    body = openai_answers.parsed(said.text) if said.complete and not said.refused else None
    numbers = body.get("texts") if isinstance(body, dict) else None
    if not isinstance(numbers, list) or not numbers or type(numbers[0]) is not int:
        return None
    return next((each for each in texts if each.pk == numbers[0]), None)


def filled(words: str, example: str) -> SafeString:
    """The club's words with what is true of the open season; staff may use markdown."""
    season = Season.objects.containing(clock.today()).first()
    known = {"code": f"200-{example}", "email": settings.CLUB_EMAIL}
    if season is not None:
        known |= {
            "fee": wording.pounds(season.signing_on_fee_pence),
            "monthly": wording.pounds(season.monthly_fee_pence),
            "months": wording.months(season.first_month, season.last_month),
            "season": season.label,
        }
    filled = re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], ""), words)
    return SafeString(filled)
