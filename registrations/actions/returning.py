"""A family's places, opened after proof: last season's answers on drafts, and what they become."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from registrations.actions import contacts, drafts, messages, squads, states, submitting
from registrations.models import (
    ChatSession,
    Consent,
    Draft,
    Guardian,
    Invitation,
    Photo,
    Player,
    Registration,
    ReturningPlace,
    Season,
    Team,
    TimelineEntry,
    note,
)
from registrations.ports import desk

PARENTS = (
    "parent_name",
    "parent_mobile",
    "parent_email",
    "parent_dob",
    "parent_address",
    "parent_house",
    "parent_postcode",
    "parent_address_ok",
    "comms_consent",
    "payment_day",
)
ADDRESS = ("house_number", "address_line_1", "town", "city", "postcode", "full_address")


@dataclass(frozen=True)
class Family:
    """The drafts of one sitting, in the order of the children."""

    drafts: list[Draft]

    @property
    def first(self) -> Draft:
        return self.drafts[0]


def open_places(family_id: int, season: Season) -> list[ReturningPlace]:
    """The family's places that nobody has answered for, eldest child first."""
    rows = ReturningPlace.objects.filter(
        family=family_id, team__season=season, answered_at=None, declined_at=None
    )
    related = "player", "team__season", "before__guardian", "before__season", "rollover"
    return list(rows.select_related(*related).order_by("player__dob", "pk"))


@transaction.atomic
def open_family(session: ChatSession, family_id: int, season: Season, *, at: datetime) -> Family:
    """Drafts for every open place, filled with last season's answers; none where all answered."""
    opened: list[Draft] = []
    places = open_places(family_id, season)
    for place in places:
        draft = Draft.objects.select_for_update().filter(place=place).first()
        if draft is None:
            draft = Draft(place=place, kind=Registration.Kind.RETURNING, started_at=at)
        draft.session, draft.team, draft.code = session, team_of(place), code_of(place)
        draft.asked = {"lead": place is places[0], "last": place is places[-1]}
        draft.answers, draft.sensitive = _answers(place), ""
        before = place.before
        drafts.set_secret(
            draft, medical_notes=before.medical_notes, not_to_collect=before.not_to_collect
        )
        draft.last_answer_at, draft.entered_by = at, session.entered_by
        draft.save()
        opened.append(draft)
    session.draft = opened[0] if opened else None
    session.save(update_fields=["draft"])
    return Family(opened)


def code_of(place: ReturningPlace) -> str:
    """The child's own 100-code for the new season."""
    team = team_of(place)
    word = team.name.lower().replace(" ", "_")
    name = "-".join(place.player.full_name.lower().split())
    return f"100-{word}-{team.age_group}-{team.season.code}-{name}"[:120]


def team_of(place: ReturningPlace) -> Team:
    """The new season's team; LookupError where the rollover was not committed."""
    if place.team is None:
        raise LookupError("this place has no team")
    return place.team


def place_of(draft: Draft) -> ReturningPlace:
    """The place that a returning child's draft is about; LookupError for another draft."""
    if draft.place is None:
        raise LookupError("this draft is about no kept place")
    return draft.place


def of_session(session_id: int) -> list[Draft]:
    """The drafts of a sitting, locked, eldest child first."""
    rows = Draft.objects.select_for_update(of=("self",)).filter(
        session=session_id, place__isnull=False
    )
    related = "session", "team__season", "place__player", "place__before", "place__rollover"
    return list(rows.select_related(*related).order_by("place__player__dob", "place__pk"))


@transaction.atomic
def decline(draft: Draft, *, at: datetime) -> None:
    """The child does not come back: the place and its shirt are free."""
    ReturningPlace.objects.filter(pk=place_of(draft).pk, answered_at=None).update(
        declined_at=at, shirt_number=None
    )
    rest = [one for one in of_session(draft.session_id) if one.pk != draft.pk]
    rest = [one for one in rest if one.registration_id is None]
    for one in rest:
        one.asked = {**one.asked, "lead": one is rest[0], "last": one is rest[-1]}
        if one is rest[0]:
            _hand_on(draft, one)
        one.save(update_fields=["asked", "answers"])
    family = draft.place.family_id if draft.place else None
    ChatSession.objects.filter(pk=draft.session_id).update(draft=rest[0] if rest else None)
    draft.delete()
    if family:
        _close_invitation(family, draft.team.season, at)


def _hand_on(draft: Draft, to: Draft) -> None:
    """What was said about the family goes on with the next child's draft, unsaved."""
    mine, theirs = draft.asked.get("at") or {}, to.asked.get("at") or {}
    newer = [
        name
        for name in (*PARENTS, "same_parent")
        if name in draft.answers and mine.get(name, "") > theirs.get(name, "")
    ]
    to.answers = {**to.answers, **{name: draft.answers[name] for name in newer}}
    to.asked = {**to.asked, "at": {**theirs, **{name: mine[name] for name in newer}}}


@transaction.atomic
def submit(session_id: int, *, at: datetime) -> list[Registration]:
    """Registrations of all drafts of a sitting, each made once; contacts are kept once a family."""
    mine = [one for one in of_session(session_id) if one.registration_id is None]
    if not mine:
        return []
    shared = _shared(mine)
    done = []
    for draft in mine:
        draft.answers = {**draft.answers, **shared}
        done.append(_register(draft, at))
    _close_invitation(place_of(mine[0]).family_id, mine[0].team.season, at)
    return done


def due_photo(place: ReturningPlace) -> Photo | None:
    """The child's photo that still serves; None where a new one is due, after two seasons."""
    opened = team_of(place).season.opens_on
    rows = Photo.objects.filter(
        registration__player=place.player_id, state=Photo.State.ACCEPTED
    ).exclude(storage_key="")
    newest = rows.order_by("-accepted_at", "-pk").first()
    limit = opened.replace(year=opened.year - 1, day=min(opened.day, 28))
    if newest is None or newest.accepted_at is None or newest.accepted_at.date() < limit:
        return None
    return newest


def _register(draft: Draft, at: datetime) -> Registration:
    place = ReturningPlace.objects.select_for_update().get(pk=place_of(draft).pk)
    before = states.locked(place.before_id)
    _keep_people(before, draft, at)
    before.refresh_from_db()
    registration = submitting.create(_values(draft, place, before, at))
    ReturningPlace.objects.filter(pk=place.pk).update(answered_at=at, registration=registration)
    _carry_photo(draft, registration)
    submitting.record_consents(registration, draft, at)
    draft.registration = registration
    draft.answers = {**draft.answers, "sms_received": "returning"}
    if registration.photos.exists():
        draft.answers["photo"] = "accepted"
    drafts.save(draft, at=at)
    words = "Came back: last season's answers confirmed"
    note(registration, TimelineEntry.Kind.CHAT, words, at=at, by=draft.entered_by)
    submitting.note_flags(registration, draft, at)
    states.save(registration)
    if registration.asks_for_payment:
        desk().use_family_mandate(registration.pk)
        registration.refresh_from_db()
        desk().ask_for_payment(registration.pk)
        messages.queue_payment_link(registration, at=at)
    return registration


def _values(
    draft: Draft, place: ReturningPlace, before: Registration, at: datetime
) -> dict[str, Any]:
    values = submitting.values_of(draft, before.guardian, before.player, at)
    outgrown = bool(draft.answers.get("kit_outgrown"))
    shirt = _free_shirt(place)
    needed = draft.team.kit_due or outgrown or shirt is None
    waits = place.waiting_since
    if waits and not squads.is_full(squads.lock(draft.team_id), besides=place):
        waits = None
    return values | {
        "second_guardian": before.second_guardian,
        "played_last_season": True,
        "new_kit_required": needed,
        "kit_size": "" if draft.team.kit_due or outgrown else before.kit_size,
        "shirt_number": None if waits else shirt,
        "waiting_since": waits,
        "payment_day": draft.answers.get("payment_day"),
        "completed_at": None if needed or due_photo(place) is None else at,
    }


def _free_shirt(place: ReturningPlace) -> int | None:
    """The kept number, unless somebody has got hold of it after all."""
    taken = Registration.objects.filter(team=place.team_id, shirt_number=place.shirt_number)
    if place.shirt_number is None or taken.exclude(status="cancelled").exists():
        return None
    return place.shirt_number


def _keep_people(before: Registration, draft: Draft, at: datetime) -> None:
    """What the parent has changed goes to the guardian and the child on file."""
    given = draft.answers
    contacts.correct_phone(before.pk, given["parent_mobile"], at=at, by="the parent")
    contacts.correct_email(before.pk, given["parent_email"], at=at, by="the parent")
    first, last = given["parent_name"]
    Guardian.objects.filter(pk=before.guardian_id).update(
        first_name=first,
        last_name=last,
        dob=_day(given.get("parent_dob")),
        **submitting.address(draft, "parent"),
    )
    child_first, child_last = given["child_name"]
    same = given["same_address"]
    Player.objects.filter(pk=before.player_id).update(
        first_name=child_first,
        last_name=child_last,
        dob=date.fromisoformat(given["child_dob"]),
        gender=given["gender"]["value"],
        phone=given.get("child_mobile", ""),
        email=given.get("child_email", ""),
        lives_with_guardian=same,
        **submitting.address(draft, "parent" if same else "child"),
    )


def _carry_photo(draft: Draft, registration: Registration) -> None:
    """A photo that still serves is the new registration's too: one picture in storage."""
    kept = due_photo(place_of(draft))
    # Locked, so that the picture is not removed at this moment as kept long enough.
    rows = Photo.objects.select_for_update(no_key=True)
    if kept is None or not rows.filter(pk=kept.pk).exists():
        return
    Photo.objects.create(
        registration=registration,
        file_name=kept.file_name,
        state=Photo.State.ACCEPTED,
        width=kept.width,
        height=kept.height,
        size_bytes=kept.size_bytes,
        sha256=kept.sha256,
        uploaded_at=kept.uploaded_at,
        accepted_at=kept.accepted_at,
        storage_key=kept.storage_key,
        stored_at=kept.stored_at,
    )


def _shared(mine: list[Draft]) -> dict[str, Any]:
    """What is asked once a family: of each answer, the one given last."""
    shared: dict[str, Any] = {}
    for name in PARENTS:
        decided = [(one.asked.get("at", {}).get(name, ""), one) for one in mine]
        moment, draft = max(decided, key=lambda pair: pair[0])
        draft = draft if moment else mine[0]
        if name in draft.answers:
            shared[name] = draft.answers[name]
    return shared


def _close_invitation(family_id: int, season: Season, at: datetime) -> None:
    if not open_places(family_id, season):
        Invitation.objects.filter(family=family_id, rollover__to_season=season).update(
            answered_at=at, due_at=None
        )


def _answers(place: ReturningPlace) -> dict[str, Any]:
    """Last season's answers as the draft holds them; what was never asked is left to ask."""
    before, child, parent = place.before, place.player, place.before.guardian
    same = child.lives_with_guardian
    answers: dict[str, Any] = {
        "parent_name": [parent.first_name, parent.last_name],
        "child_name": [child.first_name, child.last_name],
        "child_dob": child.dob.isoformat(),
        "gender": {"value": child.gender, "note": False},
        "medical": _medical(before),
        "played_last_season": True,
        "relationship": {"value": before.relationship, "detail": before.relationship_detail},
        "parent_mobile": str(parent.phone),
        "parent_email": parent.email,
        "parent_dob": parent.dob.isoformat() if parent.dob else None,
        "same_address": same,
        **_address("parent", parent),
        **({} if same else _address("child", child)),
        "child_mobile": str(child.phone),
        "child_email": child.email,
        "second_contact": _second(before),
        "payment_day": before.payment_day,
        **_consents(before),
    }
    return {name: value for name, value in answers.items() if value not in (None, "")}


def _address(who: str, person: Guardian | Player) -> dict[str, Any]:
    if not person.postcode:
        return {}
    kept = {name: getattr(person, name) for name in ADDRESS}
    return {
        f"{who}_postcode": person.postcode,
        f"{who}_house": person.house_number or "-",
        f"{who}_address": kept | {"source": "on file"},
        f"{who}_address_ok": True,
    }


def _medical(before: Registration) -> dict[str, Any] | None:
    """None where it was kept long enough: then it is asked anew."""
    if before.has_medical_issues is None:
        return None
    if not before.has_medical_issues:
        return {"has": False, "serious": False}
    return {"has": True, "serious": False, "consent": bool(before.medical_notes)}


def _second(before: Registration) -> dict[str, str]:
    if not before.emergency_name:
        return {}
    return {"name": before.emergency_name, "phone": str(before.emergency_phone)}


def _consents(before: Registration) -> dict[str, Any]:
    """What was agreed to last season, newest word first; shown, and asked for anew."""
    given: dict[str, bool] = {}
    for kind, agreed in before.consents.order_by("decided_at").values_list("kind", "given"):
        given[kind] = agreed
    kinds = Consent.Kind
    answers: dict[str, Any] = {}
    if kinds.CLUB_MESSAGES in given:
        answers["comms_consent"] = given[kinds.CLUB_MESSAGES]
    if kinds.PHOTO_SQUAD in given:
        public, squad = given.get(kinds.PHOTO_PUBLIC), given[kinds.PHOTO_SQUAD]
        answers["photo_use"] = "all" if public else "squad_list" if squad else "identity_only"
    return answers


def _day(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
