"""Tools that change something: by the office's own actions, and only when dry_run is false.

What is money, goes to many, or erases, an agent only proposes: a person decides it in the office.
"""

from __future__ import annotations

from django.db import transaction
from pydantic import Field

from integrations import clock
from integrations.agents.tools import Answer, Caller, Id, Refusal, Text, Tool, Words, Writing
from registrations import fields
from registrations.actions import contacts, erasing, messages, proposals, resends, states
from registrations.agents import rows
from registrations.agents.reading import TEAM, VIEW
from registrations.models import Proposal, Registration, Team, TimelineEntry, note
from registrations.wording import pounds

CHANGE = "registrations.change_registration"
Kind = Proposal.Kind
REASON = "why, for the person who decides"


class Resend(Writing):
    """Whose link."""

    registration_id: Id = Field(description="as find_registrations tells it")


class Note(Resend):
    """What to write down."""

    text: Words = Field(description="one sentence for the timeline; nothing about health")


class Contact(Resend):
    """What is right."""

    phone: Text = Field(default="", description="the parent's right UK mobile, or empty")
    email: Text = Field(default="", description="the parent's right e-mail address, or empty")


class Suspension(Resend):
    """What is proposed."""

    reason: Words = Field(description=REASON)


class Refund(Suspension):
    """How much."""

    pence: int = Field(ge=1, le=1_000_000, description="how much to give back, in pence")


class Erasure(Suspension):
    """How much is to be forgotten."""

    told = frozenset({"depth"})
    depth: erasing.Depth = Field(
        description="contact: contact details and conversations; medical: those, medical notes and "
        "photos; all: everything but what the law wants kept of money"
    )


class Links(Writing):
    """To whom."""

    team_id: Id = Field(description="as teams tells it")
    reason: Words = Field(description=REASON)


def resend(caller: Caller, given: Resend) -> Answer:
    """The payment link once more, by the rules of the office."""
    row = rows.registration(caller, given.registration_id)
    now = clock.now()
    if why := resends.left_out(row, resends.known([row]), now):
        raise Refusal(f"Nothing is sent: {why}.")
    to = "by text" if row.guardian.phone else "by e-mail"
    if not given.dry_run:
        with transaction.atomic():
            owner = states.locked(row.pk)
            if messages.queue_payment_link(owner, at=now, by=caller.name) is None:
                raise Refusal("Nothing is sent: there is no number and no e-mail address.")
    return _said(given, f"the payment link goes to the parent of {row.player.full_name} {to}")


def add_note(caller: Caller, given: Note) -> Answer:
    """A line on the timeline."""
    row = rows.registration(caller, given.registration_id)
    if fields.mentions_health(given.text):
        raise Refusal("Notes about health are written by a person, in the office.")
    if not given.dry_run:
        with transaction.atomic():
            kind, owner = TimelineEntry.Kind.STAFF, states.locked(row.pk)
            note(owner, kind, f"Note: {given.text}", at=clock.now(), by=caller.name)
    return _said(given, f"the note stands on the timeline of {row.player.full_name}")


def correct_contact(caller: Caller, given: Contact) -> Answer:
    """Where texts and e-mails go."""
    row = rows.registration(caller, given.registration_id)
    if row.cancelled_at:
        raise Refusal("This registration was cancelled.")
    phone, email = _read(given)
    if not given.dry_run:
        with transaction.atomic():
            if phone:
                contacts.correct_phone(row.pk, phone, at=clock.now(), by=caller.name)
            if email:
                contacts.correct_email(row.pk, email, at=clock.now(), by=caller.name)
    what = " and ".join(name for name, on in (("mobile", phone), ("e-mail address", email)) if on)
    return _said(given, f"the {what} of the parent of {row.player.full_name} is corrected")


def _read(given: Contact) -> tuple[str, str]:
    try:
        phone = fields.mobile(given.phone) if given.phone else ""
    except fields.Refused as error:
        raise Refusal("That is not a UK mobile number.") from error
    try:
        email = fields.email(given.email) if given.email else ""
    except fields.Refused as error:
        raise Refusal("That is not an e-mail address.") from error
    if not phone and not email:
        raise Refusal("Give the right phone, the right e-mail address, or both.")
    return phone, email


def suspension(caller: Caller, given: Suspension) -> Answer:
    """A suspension that a person decides."""
    row = rows.registration(caller, given.registration_id)
    if row.status in (Registration.Status.CANCELLED, Registration.Status.SUSPENDED):
        raise Refusal(f"This registration is {row.get_status_display()}.")
    return _proposed(caller, given, Kind.SUSPENSION, row, given.reason)


def refund(caller: Caller, given: Refund) -> Answer:
    """Money back, that a person decides."""
    row = rows.registration(caller, given.registration_id)
    return _proposed(caller, given, Kind.REFUND, row, given.reason, pence=given.pence)


def erasure(caller: Caller, given: Erasure) -> Answer:
    """An erasure of the whole family, that a person decides."""
    row = rows.registration(caller, given.registration_id)
    return _proposed(caller, given, Kind.ERASURE, row, given.reason, depth=given.depth)


def links(caller: Caller, given: Links) -> Answer:
    """The link to all of a team who owe, that a person decides."""
    team = rows.team(caller, given.team_id)
    if not proposals.owing(team):
        raise Refusal("Nobody of this team has yet to pay.")
    return _proposed(caller, given, Kind.LINKS, team, given.reason)


def _proposed(
    caller: Caller,
    given: Writing,
    kind: Kind,
    about: Registration | Team,
    reason: str,
    *,
    pence: int | None = None,
    depth: str = "",
) -> Answer:
    much = f" of {pounds(pence)}" if pence else f" ({depth})" if depth else ""
    words = f"a person in the office is asked to {kind.label}{much}"
    if given.dry_run:
        return _said(given, words)
    made, new = proposals.propose(
        kind, about, reason=reason, by=caller.name, at=clock.now(), pence=pence, depth=depth
    )
    return _said(given, words if new else f"{words}; that was proposed already") | {
        "proposal_id": made.pk
    }


def _said(given: Writing, words: str) -> Answer:
    """What happened, or would have."""
    name = "would_happen" if given.dry_run else "done"
    return {"dry_run": given.dry_run, name: f"{words[:1].upper()}{words[1:]}."}


TOOLS = [
    Tool(
        "resend_payment_sms",
        Resend,
        "Send a parent the payment link once more. Refused within an hour of the last one, where "
        "nothing is owed, and where the number takes no texts.",
        resend,
        needs=(VIEW, CHANGE),
    ),
    Tool(
        "add_note",
        Note,
        "Write one line on a registration's timeline, as the agent of its person.",
        add_note,
        needs=(VIEW, CHANGE),
    ),
    Tool(
        "correct_contact",
        Contact,
        "Correct the parent's mobile number or e-mail address, for every child of that parent. "
        "The new one counts as unproved.",
        correct_contact,
        needs=(VIEW, CHANGE),
    ),
    Tool(
        "propose_suspension",
        Suspension,
        "Propose that a child be suspended. Nothing happens before a person approves it.",
        suspension,
        needs=(VIEW,),
    ),
    Tool(
        "propose_refund",
        Refund,
        "Propose that money be given back through GoCardless, the newest payment first. Nothing "
        "happens before a person approves it.",
        refund,
        needs=(VIEW, "registrations.see_money"),
    ),
    Tool(
        "propose_erasure",
        Erasure,
        "Propose that the family of a registration be erased, as deep as it asks. Nothing happens "
        "before a person approves it, and then it cannot be taken back.",
        erasure,
        needs=(VIEW,),
    ),
    Tool(
        "propose_payment_links",
        Links,
        "Propose that the payment link be sent again to everybody of a team who has yet to pay. "
        "Nothing is sent before a person approves it.",
        links,
        needs=(VIEW, TEAM),
    ),
]
