"""Turn a confirmed draft into a registration (domain 2.2, 2.7, 5.2, 10 no. 20)."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from integrations import clock
from registrations import ages, keys
from registrations.actions import drafts, squads, states
from registrations.models import (
    Consent,
    Draft,
    Family,
    Guardian,
    Player,
    Registration,
    TimelineEntry,
    note,
)

# The version of the wordings in templates/chat that parents agree to; a changed wording is a new
# version.
WORDING = "2026-11"


@transaction.atomic
def submit(draft_id: int, *, at: datetime) -> Registration:
    """The registration of a confirmed draft, with its family, consents and flags; made once."""
    draft = drafts.locked(draft_id)
    if draft.registration is not None:
        return draft.registration
    guardian = _guardian(draft, at)
    player = _player(draft, guardian)
    registration = create(values_of(draft, guardian, player, at))
    note_flags(registration, draft, at)
    record_consents(registration, draft, at)
    draft.registration = registration
    draft.save(update_fields=["registration"])
    words = "Sent in by staff for the parent" if draft.entered_by else "Sent in through the chat"
    note(registration, TimelineEntry.Kind.CHAT, words, at=at, by=draft.entered_by)
    states.save(registration)
    return registration


def create(values: dict[str, Any]) -> Registration:
    """The database decides whether the child is registered already: then this one is a double."""
    same = Registration.objects.live().filter(
        season=values["season"], child_key=values["child_key"], contact_key=values["contact_key"]
    )
    original = same.order_by("pk").first()
    if original is None:
        try:
            with transaction.atomic():
                return Registration.objects.create(**values)
        except IntegrityError:
            original = same.order_by("pk").first()
            if original is None:
                raise
    return Registration.objects.create(**values, duplicate_of=original)


def values_of(draft: Draft, guardian: Guardian, player: Player, at: datetime) -> dict[str, Any]:
    given, secret, season = draft.answers, drafts.secrets(draft), draft.team.season
    contact = given.get("second_contact") or {}
    previous = given.get("previous_team") or {}
    return {
        "season": season,
        "team": draft.team,
        "player": player,
        "guardian": guardian,
        "kind": draft.kind,
        "code": draft.code,
        "registree_role": "Other" if draft.entered_by else "Parent",
        "relationship": given["relationship"]["value"],
        "relationship_detail": given["relationship"]["detail"],
        "has_medical_issues": bool(given["medical"]["has"]),
        "medical_notes": secret.get("medical_notes", ""),
        "emergency_name": contact.get("name", ""),
        "emergency_phone": contact.get("phone", ""),
        "not_to_collect": secret.get("not_to_collect", ""),
        "played_last_season": given["played_last_season"],
        "played_elsewhere": previous.get("played", False),
        "previous_team": previous.get("team", ""),
        "age_mismatch": ages.mismatch(draft.team, player.dob),
        "signing_on_fee_pence": season.signing_on_fee_pence,
        "monthly_fee_pence": season.monthly_fee_pence,
        "new_kit_required": not given["played_last_season"] or draft.team.kit_due,
        "submitted_at": at,
        "waiting_since": at if squads.is_full(squads.lock(draft.team_id)) else None,
        "child_key": keys.child_key(player.first_name, player.last_name, player.dob),
        "contact_key": keys.contact_key(str(guardian.phone)),
    }


def _guardian(draft: Draft, at: datetime) -> Guardian:
    """A new family, unless this very conversation has registered a child with the same phone.

    A phone that was only typed proves nothing, so it never joins a family on file (design 3.8).
    """
    given = draft.answers
    first, last = given["parent_name"]
    phone, email = given["parent_mobile"], given["parent_email"]
    before = (
        Guardian.objects.filter(registrations__draft__session=draft.session_id, phone=phone)
        .order_by("-pk")
        .select_related("family")
        .first()
    )
    if before and (before.first_name, before.last_name, before.email) == (first, last, email):
        return before
    family = before.family if before else Family.objects.create(created_at=at)
    return Guardian.objects.create(
        family=family,
        first_name=first,
        last_name=last,
        phone=phone,
        email=email,
        dob=date.fromisoformat(given["parent_dob"]),
        **address(draft, "parent"),
    )


def _player(draft: Draft, guardian: Guardian) -> Player:
    given = draft.answers
    first, last = given["child_name"]
    same = given["same_address"]
    return Player.objects.create(
        family=guardian.family,
        first_name=first,
        last_name=last,
        dob=date.fromisoformat(given["child_dob"]),
        gender=given["gender"]["value"],
        phone=given.get("child_mobile", ""),
        email=given.get("child_email", ""),
        lives_with_guardian=same,
        **address(draft, "parent" if same else "child"),
    )


def address(draft: Draft, who: str) -> dict[str, str]:
    return {
        name: draft.answers[f"{who}_address"][name]
        for name in (
            "house_number",
            "address_line_1",
            "town",
            "city",
            "postcode",
            "full_address",
        )
    }


def note_flags(registration: Registration, draft: Draft, at: datetime) -> None:
    medical = draft.answers["medical"]
    others = Registration.objects.live().filter(
        season=registration.season, child_key=registration.child_key
    )
    elsewhere = others.exclude(contact_key=registration.contact_key).exists()
    for happened, words in [
        (registration.age_mismatch, "the birthday does not fit the age group"),
        (
            ages.is_child(draft.answers["parent_dob"], clock.london(at).date()),
            "the parent's birthday is that of a child",
        ),
        (registration.duplicate_of_id, "the same child is already registered by this parent"),
        (elsewhere, "a child of the same name and birthday is registered by somebody else"),
        (medical.get("consent") is False, "medical issues, but no notes may be kept: ask"),
        (draft.answers["gender"].get("note"), "another gender was named: ask what to record"),
        (registration.not_to_collect, "somebody may not collect the child"),
    ]:
        if happened:
            states.add_flag(registration, words, at=at)
            note(registration, TimelineEntry.Kind.STAFF, f"Needs a person: {words}", at=at)


def record_consents(registration: Registration, draft: Draft, at: datetime) -> None:
    given, kind = draft.answers, Consent.Kind
    decided = draft.asked.get("at") or {}
    photo = given["photo_use"]
    consents = [
        (kind.PRIVACY_NOTICE, True, "parent_name"),
        (kind.MODEL_READING, not draft.asked.get("no_model"), "parent_name"),
        (kind.CLUB_MESSAGES, given["comms_consent"], "comms_consent"),
        (kind.PHOTO_SQUAD, photo in ("all", "squad_list"), "photo_use"),
        (kind.PHOTO_PUBLIC, photo == "all", "photo_use"),
    ]
    if given["medical"]["has"]:
        consents.append((kind.MEDICAL, bool(given["medical"].get("consent")), "medical"))
    Consent.objects.bulk_create(
        Consent(
            registration=registration,
            kind=name,
            wording=WORDING,
            given=agreed,
            decided_at=datetime.fromisoformat(decided[field]) if field in decided else at,
        )
        for name, agreed, field in consents
    )
