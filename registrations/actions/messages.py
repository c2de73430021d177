"""Texts and e-mails that a registration owes: queued in the caller's transaction, sent by jobs."""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from integrations import audit, clock, queue, sms
from integrations.models import AuditEntry
from registrations import wording
from registrations.models import Email, OptOut, Registration, Sms, TimelineEntry, note
from registrations.models.messages import Kind
from registrations.ports import desk

TWO_SEGMENTS = 2
A_MINUTE, AN_HOUR = timedelta(minutes=1), timedelta(hours=1)
DOUBLE_PRESS = timedelta(seconds=3)


def queue_payment_link(
    registration: Registration, *, at: datetime | None = None, by: str = ""
) -> Sms | Email | None:
    """Owe the parent the payment link: by SMS, or by e-mail where there is no number.

    None where nothing may be charged (waiting, cancelled, a double). Call inside a transaction.
    """
    if not registration.asks_for_payment:
        return None
    at = at or clock.now()
    pressed_before = _just_asked(registration, by, at) if by else None
    if pressed_before is not None:
        return pressed_before
    resend = _next_resend(registration, Kind.PAYMENT_LINK)
    if not registration.guardian.phone:
        return _owe_link_email(registration, resend, at)
    return _owe_sms(registration, Kind.PAYMENT_LINK, resend, at=at, by=by)


def queue_payment_failed(registration: Registration, *, at: datetime) -> Sms | Email | None:
    """Owe the news that the fee did not go through, with the link again (domain 5.4).

    At most once an hour, however often the bank says so. Call inside a transaction.
    """
    if not registration.asks_for_payment:
        return None
    told = registration.sms.filter(
        kind=Kind.PAYMENT_LINK, resend__gt=0, created_at__gt=at - AN_HOUR
    )
    if told.exists():
        return None
    resend = _next_resend(registration, Kind.PAYMENT_LINK)
    if not registration.guardian.phone:
        return _owe_link_email(registration, resend, at)
    return _owe_sms(registration, Kind.PAYMENT_LINK, resend, at=at, failed=True)


def queue_payment_email(registration: Registration, *, at: datetime) -> Email | None:
    """Owe the payment link by e-mail, since the parent asked for it so."""
    if not registration.asks_for_payment:
        return None
    resend = _next_resend(registration, Kind.PAYMENT_LINK)
    return _owe_link_email(registration, resend, at)


def queue_confirmation(
    registration: Registration, *, subscribed: bool, at: datetime | None = None
) -> Sms | Email | None:
    """Owe the confirmation, once per registration; the words tell whether monthly collection is on.

    Call inside a transaction.
    """
    at = at or clock.now()
    if _next_resend(registration, Kind.CONFIRMATION):
        return None
    if not registration.guardian.phone:
        text = preview(registration, Kind.CONFIRMATION, subscribed=subscribed)
        return owe_email(registration, Kind.CONFIRMATION, 0, at=at, text=text)
    return _owe_sms(registration, Kind.CONFIRMATION, 0, at=at, subscribed=subscribed)


def queue_monthly_fee(
    registration: Registration, *, discounted: bool = False, why: str = "", at: datetime
) -> Sms | Email | None:
    """Owe the news that the monthly fee is another one now, and why, where staff agreed on it.

    Call inside a transaction.
    """
    return _owe(registration, Kind.MONTHLY_FEE, at, discounted=discounted, why=why)


def queue_arrears(
    registration: Registration, *, owed_pence: int, again: bool, at: datetime
) -> Sms | Email | None:
    """Owe a reminder of what is late, the first or the second. Call inside a transaction."""
    given: dict[str, Any] = {"owed": wording.pounds(owed_pence), "again": again}
    given["status"] = desk().status_link(registration.pk)
    return _owe(registration, Kind.ARREARS, at, **given)


def queue_on_family_mandate(registration: Registration, *, at: datetime) -> Sms | Email | None:
    """Owe the payer the news that a child is on their Direct Debit now, and how to object."""
    status = desk().status_link(registration.pk)
    return _owe(registration, Kind.FAMILY_MANDATE, at, status=status)


def queue_photo_again(
    registration: Registration, *, why: str, link: str, at: datetime, by: str
) -> Sms | Email | None:
    """Owe the request for another photo, with the reason. Call inside a transaction."""
    given = {"why": why, "link": link}
    resend = _next_resend(registration, Kind.PHOTO_AGAIN)
    if not registration.guardian.phone:
        text = preview(registration, Kind.PHOTO_AGAIN, **given)
        return owe_email(registration, Kind.PHOTO_AGAIN, resend, at=at, text=text)
    return _owe_sms(registration, Kind.PHOTO_AGAIN, resend, at=at, by=by, **given)


def queue_circular(
    registration: Registration,
    *,
    kind: str,
    subject: str,
    text: str,
    by_sms: bool,
    by_email: bool,
    at: datetime,
    by: str,
) -> tuple[Sms | None, Email | None]:
    """Owe what staff wrote to many, in the ways given. Call inside a transaction."""
    resend = _next_resend(registration, kind)
    sms_ = _owe_sms(registration, kind, resend, at=at, by=by, text=text) if by_sms else None
    email = None
    if by_email:
        email = owe_email(registration, kind, resend, at=at, text=text, title=subject)
    return sms_, email


def queue_receipt(registration: Registration, *, text: str, at: datetime) -> Email | None:
    """Owe a receipt by e-mail; `text` lists what was received. Call inside a transaction.

    One that says the same and was asked for a moment ago is that one: the button was pressed twice.
    """
    latest = registration.emails.filter(kind=Kind.RECEIPT).first()
    if latest and latest.created_at > at - A_MINUTE and text in latest.body:
        return latest
    resend = _next_resend(registration, Kind.RECEIPT)
    return owe_email(registration, Kind.RECEIPT, resend, at=at, text=text)


def queue_invitation(
    registration: Registration,
    *,
    link: str,
    children: list[str],
    waiting: list[str],
    codes: list[str],
    season: str,
    number: int,
    at: datetime,
) -> Sms | Email | None:
    """Owe a family its invitation (number 0) or a reminder; by e-mail without a phone.

    `registration` is last season's; `children` have places and `waiting` keep their turn, by first
    name; `codes` are the 100-codes, left out where they would make the text longer. Call inside a
    transaction that holds the invitation, so that each goes out once.
    """
    typed = [code for code in codes if sms.plain(code) == code]
    given: dict[str, Any] = {
        "link": link,
        "children": _first_names(children),
        "several": len(children) > 1,
        "waiting": _first_names(waiting),
        "new_season": season,
        "again": number > 0,
        "codes": ", ".join(typed),
    }
    if sms.segments(preview(registration, Kind.INVITATION, **given)) > TWO_SEGMENTS:
        given["codes"] = ""
    # Numbered on from an earlier rollover that was undone: its link opens nothing any more.
    return _owe(registration, Kind.INVITATION, at, **given)


def queue_place_offer(
    registration: Registration, *, link: str, until: datetime | None, at: datetime
) -> Sms | Email | None:
    """Owe a waiting family the offer of a place; without a link, the news that it has lapsed."""
    when = f"{clock.london(until):%-d %B at %H:%M}" if until else ""
    return _owe(registration, Kind.PLACE_OFFER, at, link=link, until=when)


def queue_trial(registration: Registration, *, last_day: date, at: datetime) -> Sms | Email | None:
    """Owe a family the last day of its child's trial. Call inside a transaction."""
    return _owe(registration, Kind.TRIAL, at, last_day=f"{last_day:%-d %B}")


def queue_team(
    registration: Registration, *, before: str, link: str, at: datetime
) -> Sms | Email | None:
    """Owe a family the news that its child is in another team; `link` asks for another shirt.

    Call inside a transaction.
    """
    waits, shirt = bool(registration.waiting_since), registration.shirt_number
    return _owe(registration, Kind.TEAM, at, before=before, link=link, waits=waits, shirt=shirt)


def address(path: str) -> str:
    """A page of ours as it stands in a message."""
    return f"{settings.PUBLIC_URL}/{path}"


def preview(registration: Registration, kind: str = Kind.PAYMENT_LINK, **extra: Any) -> str:
    """The text that would be sent, in GSM-7 letters; names give way before a third segment."""
    for limit in (50, 15, 8):
        body = sms.plain(wording.plain(f"sms/{kind}.txt", **_words(registration, limit, **extra)))
        if sms.segments(body) <= TWO_SEGMENTS:
            break
    return body


def owe_email(
    registration: Registration, kind: str, resend: int, *, at: datetime, text: str, **extra: Any
) -> Email | None:
    """Store an e-mail that says what `text`, the SMS, would have said; once per kind and resend.

    The template's first line is the subject. None where the guardian gave no address.
    """
    if not registration.guardian.email:
        return None
    address = registration.guardian.email
    given = _words(registration, 50, sent_to=address, text=text, **extra)
    whole = wording.plain(f"email/{kind}.txt", **given)
    subject, _, body = whole.partition("\n")
    email, made = Email.objects.get_or_create(
        registration=registration,
        kind=kind,
        resend=resend,
        defaults={
            "to": address,
            "subject": subject.strip()[:150],
            "body": body.strip() + "\n",
            "created_at": at,
            "due_at": at,
        },
    )
    if made:
        words = f"E-mail queued: {email.get_kind_display()}"
        note(registration, TimelineEntry.Kind.MESSAGE, words, at=at)
        audit.record(AuditEntry.Verb.SENT, email, f"e-mail, {email.get_kind_display()}")
        queue.ring("registrations.send_messages")
    return email


@transaction.atomic
def opt_out(phone: str, *, at: datetime, source: str) -> None:
    """Somebody asked for no more texts (domain 6, wire 7.7)."""
    OptOut.objects.get_or_create(phone=phone, defaults={"since": at, "source": source})


@transaction.atomic
def opt_in(phone: str) -> None:
    """Somebody asked for texts again."""
    OptOut.objects.filter(phone=phone).delete()


def _just_asked(registration: Registration, by: str, at: datetime) -> Sms | None:
    """The text that the same person asked for a moment ago: a button pressed twice is one wish."""
    lost = Sms.Status.FAILED, Sms.Status.UNDELIVERED
    rows = registration.sms.filter(kind=Kind.PAYMENT_LINK, to=registration.guardian.phone)
    rows = rows.filter(asked_by=by, created_at__gt=at - DOUBLE_PRESS).exclude(status__in=lost)
    return rows.first()


def _owe_link_email(registration: Registration, resend: int, at: datetime) -> Email | None:
    text = preview(registration, Kind.PAYMENT_LINK)
    return owe_email(registration, Kind.PAYMENT_LINK, resend, at=at, text=text)


def _owe(registration: Registration, kind: str, at: datetime, **given: Any) -> Sms | Email | None:
    """Owe the next message of a kind: by SMS, or by e-mail where there is no number."""
    resend = _next_resend(registration, kind)
    if not registration.guardian.phone:
        text = preview(registration, kind, **given)
        return owe_email(registration, kind, resend, at=at, text=text)
    return _owe_sms(registration, kind, resend, at=at, **given)


def _owe_sms(
    registration: Registration,
    kind: str,
    resend: int,
    *,
    at: datetime,
    by: str = "",
    **extra: Any,
) -> Sms:
    row, made = Sms.objects.get_or_create(
        registration=registration,
        kind=kind,
        resend=resend,
        defaults={
            "to": registration.guardian.phone,
            "body": preview(registration, kind, **extra),
            "created_at": at,
            "due_at": at,
            "asked_by": by,
        },
    )
    if made:
        words = f"SMS queued: {row.get_kind_display()}"
        note(registration, TimelineEntry.Kind.MESSAGE, words, at=at, by=by)
        text = f"text, {row.get_kind_display()}"
        audit.record(AuditEntry.Verb.SENT, row, text, by=by or None)
        queue.ring("registrations.send_messages")
    return row


def _next_resend(registration: Registration, kind: str) -> int:
    """The number of the next message of a kind, counted over texts and e-mails alike."""
    latest = [
        rows.filter(kind=kind).aggregate(latest=Max("resend"))["latest"]
        for rows in (registration.sms, registration.emails)
    ]
    return max((number + 1 for number in latest if number is not None), default=0)


def _words(
    registration: Registration, limit: int, *, sent_to: str = "", **extra: Any
) -> dict[str, Any]:
    season = registration.season
    return {
        "parent": _shortened(registration.guardian.first_name, limit),
        "child": _shortened(registration.player.first_name, limit),
        "team": str(registration.team),
        "fee": wording.pounds(registration.signing_on_fee_pence),
        "monthly": wording.pounds(registration.monthly_fee_pence),
        "months": wording.months(season.first_month, season.last_month),
        "arranged": registration.collection_arranged_at is not None,
        "days": season.payment_days,
        "link": desk().link(registration.pk, sent_to=sent_to or str(registration.guardian.phone)),
        **extra,
    }


def _first_names(names: list[str]) -> str:
    """Four of them at most; "" for none."""
    return wording.listed([_shortened(name, 15) for name in names[:4]]) if names else ""


def _shortened(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}."
