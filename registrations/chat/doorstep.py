"""Before a registration is under way: codes, greetings, chats gone quiet (domain 1, 9.8)."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from integrations import clock
from registrations import codes, wording
from registrations.actions import drafts, proving_back, squads
from registrations.chat import assistant, coming_back, replies
from registrations.chat.replies import NEW, RETURNING, Reply
from registrations.models import ChatSession, Draft, ReturningVisit, Season, Team

_PERSON = re.compile(
    r"\b(speak|talk|chat) (to|with) (a |an )?(person|human|somebody|someone|volunteer|real)\b"
    r"|\breal person\b|\bhuman being\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Admission:
    """What a code opens: a team, or the reason why not, as a template's word."""

    code: codes.Code | None = None
    team: Team | None = None
    problem: str = ""
    season: Season | None = None

    @property
    def words(self) -> str:
        """Why the code does not open anything, kindly."""
        season = self.season
        return wording.markdown(
            "no_entry",
            problem=self.problem,
            team=str(self.team or ""),
            season=season.label if season else "",
            opens=f"{season.opens_on.day} {season.opens_on:%B %Y}" if season else "",
            example=example(),
        )


def admit(text: str) -> Admission:
    """Check a code: form, season, team, in this order; the outage of any service plays no part."""
    try:
        code = codes.parse(text)
    except codes.Invalid as invalid:
        return Admission(problem=invalid.reason)
    season = Season.objects.filter(code=code.season).first()
    if season is None:
        return Admission(code, problem="unknown_season")
    today = clock.today()
    if not season.is_open(today):
        problem = "season_not_yet" if today < season.opens_on else "season_over"
        return Admission(code, problem=problem, season=season)
    team = _team(season, code)
    if team is None:
        return Admission(code, problem="unknown_team", season=season)
    if team.state == Team.State.CLOSED:
        return Admission(code, team, "team_closed", season)
    return Admission(code, team, "", season)


def answer(key: str, session: ChatSession | None, text: str, at: datetime) -> Reply:
    """The reply to somebody who has no registration under way."""
    draft = session.draft if session else None
    if codes.looks_like_code(text):
        with transaction.atomic():
            reply, started = enter(key, draft, text, at)
            return _written_down(started, reply, text, at)
    visit = proving_back.open_visit(session, at)
    if visit is not None and session is not None:
        return _prove(session, visit, text, at)
    if draft is not None and draft.with_staff:
        return _written_down(draft, Reply(wording.markdown("handed_over"), RETURNING), text, at)
    if draft is not None:
        return Reply(wording.markdown("gone_quiet"))
    if _PERSON.search(text):
        return Reply(wording.markdown("person_without_code", example=example()))
    about = assistant.answer(text, at, example=example())
    return Reply(about or wording.markdown("greeting", example=example()))


def _prove(session: ChatSession, visit: ReturningVisit, text: str, at: datetime) -> Reply:
    """Before the proof nothing is written down: it would name a child to whoever reads along."""
    if _PERSON.search(text):
        drafts.ask_for_person(session, at=at)
        return Reply(wording.markdown("person_without_code", example=example()), RETURNING)
    return coming_back.prove(visit, session, text, at)


def example() -> str:
    """What a code of the season that is open looks like; any code while none is."""
    season = Season.objects.containing(clock.today()).first()
    return f"lions-u10-{season.code}" if season else "team-u10-2627"


def enter(key: str, before: Draft | None, text: str, at: datetime) -> tuple[Reply, Draft | None]:
    """Start what a code opens, or say kindly why it opens nothing; the reply and the new draft."""
    admission = admit(text)
    if admission.problem or admission.team is None or admission.code is None:
        return Reply(admission.words), None
    if admission.code.kind == "100" and proving_back.keeps_places(admission.team.season):
        return coming_back.enter(key, admission.code, admission.team, at), None
    if admission.code.kind == "100":
        return _hand_over(key, before, admission.code, admission.team, at)
    draft = drafts.start(key, admission.team, kind="200", code=admission.code.raw, at=at)
    return welcome(draft), draft


def welcome(draft: Draft) -> Reply:
    """The first words after a valid code (domain 1.6, 2.7), ending with the first question."""
    text = replies.say("welcome", draft, full=squads.is_full(draft.team))
    first = replies.at_step(draft)
    return Reply(f"{text}\n\n{first.text}", NEW, first.routine_number)


def _hand_over(
    key: str, before: Draft | None, code: codes.Code, team: Team, at: datetime
) -> tuple[Reply, Draft]:
    """A returning player's code goes to staff; the thanks are the same whoever is on file."""
    if before is not None and before.handed_over_at and before.code == code.raw:
        draft = before
    else:
        draft = drafts.start(key, team, kind="100", code=code.raw, at=at)
    drafts.hand_over(draft, child=[code.first, code.last], at=at)
    return Reply(replies.say("thanks_returning", draft), RETURNING), draft


def _team(season: Season, code: codes.Code) -> Team | None:
    """The team of a code: case and "_" against space make no difference (domain 1.3)."""
    wanted = _folded(code.team)
    teams = Team.objects.select_related("season").filter(season=season, age_group=code.age_group)
    return next((team for team in teams if _folded(team.name) == wanted), None)


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())


def _written_down(draft: Draft | None, reply: Reply, text: str, at: datetime) -> Reply:
    if draft is not None:
        drafts.write_down(draft, heard=text, said=reply.text, step=reply.routine_number, at=at)
    return reply
