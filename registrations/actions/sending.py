"""Send what is owed by SMS and e-mail, and take in what became of it (domain 6, wire 7)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from integrations import clock, mail, sms
from integrations.errors import OutsideError, Rejected
from registrations.actions import messages, sync
from registrations.models import Email, OptOut, Registration, Sms, TimelineEntry, note

AWAY = timedelta(minutes=10)  # Twilio is away this long: the e-mail goes instead
STRAGGLER = timedelta(minutes=5)
ASKED_FOR = timedelta(hours=12)  # after this, a missing receipt is no longer asked about
BATCH = 50
OPTED_OUT = "21610"
RANK = {"pending": 0, "sent": 1, "delivered": 2, "failed": 2, "undelivered": 2}
WORDS = {
    "accepted": "pending",
    "scheduled": "pending",
    "queued": "pending",
    "sending": "pending",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "partially_delivered": "undelivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}


def send_due() -> int:
    """Send texts and e-mails that are due; how many were taken up."""
    taken = 0
    due = Sms.objects.due().order_by("due_at", "pk").values_list("pk", "leased_until")
    for pk, leased_until in due[:BATCH]:
        claimed = Sms.objects.claim(pk)
        if claimed:
            taken += 1
            # A lease that ran out: whoever had it may have died just after the text had left.
            _send(claimed, cut_off=leased_until is not None)
    for row in Email.objects.due().order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH]:
        email = Email.objects.claim(row)
        if email:
            taken += 1
            _mail(email)
    return taken


def mail_late() -> int:
    """E-mail what Twilio has been unable to take for ten minutes; that text is withdrawn.

    The conditional UPDATE makes it one or the other: a text that a worker holds or that has been
    taken is left alone. One that may have been is looked for first, as far as Twilio answers.
    """
    moment = clock.now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=moment)
    late = Sms.objects.filter(free, status=Sms.Status.PENDING, sid="", due_at__isnull=False).filter(
        created_at__lte=moment - AWAY
    )
    mailed = 0
    for row in late.select_related("registration__guardian")[:BATCH]:
        if row.registration.guardian.email and not _turned_up(row):
            mailed += _withdraw(late, row, moment)
    return mailed


def poll_stragglers() -> int:
    """Ask Twilio about texts whose receipt has not come; callbacks are not repeated (wire 7.4)."""
    moment = clock.now()
    rows = Sms.objects.filter(
        status__in=[Sms.Status.PENDING, Sms.Status.SENT],
        sent_at__lte=moment - STRAGGLER,
        sent_at__gte=moment - ASKED_FOR,
    ).exclude(sid="")
    asked = 0
    for row in rows.order_by("status_at")[:BATCH]:
        try:
            fate = sms.fetch(row.sid)
        except OutsideError:
            continue
        asked += 1
        record_status(row.pk, sid=row.sid, word=fate.status, code=str(fate.error_code or ""))
    return asked


@transaction.atomic
def record_status(sms_id: int, *, sid: str, word: str, code: str = "") -> bool:
    """Take in Twilio's word about a text; a lower rank never overwrites, the first end stays.

    False where there is no such text or the word is unknown.
    """
    row = _locked(sms_id)
    status = WORDS.get(word)
    if row is None or status is None or (row.sid and sid and row.sid != sid):
        return False
    if RANK[status] > RANK[row.status]:
        _move(row, status, code)
    return True


def _send(row: Sms, *, cut_off: bool) -> None:
    if cut_off and row.uncertain_since is None:
        row.uncertain_since = clock.now()
        Sms.objects.filter(pk=row.pk).update(uncertain_since=row.uncertain_since)
    if row.first_tried_at is None:
        row.first_tried_at = clock.now()
        Sms.objects.filter(pk=row.pk).update(first_tried_at=row.first_tried_at)
    if OptOut.objects.filter(phone=row.to).exists():
        _refuse(row, OPTED_OUT, "opted out of texts")
        return
    with row.reporting():
        try:
            sent = _found(row) or sms.send(
                str(row.to),
                row.body,
                status_callback=f"{settings.PUBLIC_URL}/webhooks/twilio/status/{row.pk}",
            )
        except Rejected as error:
            _refuse(row, error.code, error.message)
            return
        _record_sent(row, sent.sid, sent.status)


def _found(row: Sms) -> sms.Sent | None:
    """What an earlier attempt of unknown outcome left at Twilio."""
    if row.uncertain_since is None:
        return None
    since = (row.first_tried_at or row.created_at) - timedelta(minutes=1)
    return sms.find(str(row.to), since=since, body=row.body)


def _turned_up(row: Sms) -> bool:
    """Whether a late text of unknown outcome has left after all; it is then noted as sent."""
    if row.leased_until is not None and row.uncertain_since is None:
        row.uncertain_since = row.leased_until
    try:
        sent = _found(row)
    except OutsideError:
        return False  # Twilio is away, so nobody can know: the parent must not wait any longer
    if sent is not None:
        _record_sent(row, sent.sid, sent.status)
    return sent is not None


@transaction.atomic
def _record_sent(row: Sms, sid: str, word: str) -> None:
    # No fence here: it was sent, whoever holds the row now must know.
    Sms.objects.filter(pk=row.pk).update(
        sid=sid,
        sent_at=clock.now(),
        due_at=None,
        leased_until=None,
        uncertain_since=None,
        last_error="",
    )
    current = _locked(row.pk)
    if current is None:
        return
    text = f"SMS sent: {current.get_kind_display()}"
    note(current.registration, TimelineEntry.Kind.MESSAGE, text, at=clock.now())
    status = WORDS.get(word, "pending")
    if RANK[status] > RANK[current.status]:
        _move(current, status, "")
    else:
        sync.touch(current.registration)


@transaction.atomic
def _refuse(row: Sms, code: str, words: str) -> None:
    """Twilio will not take it: remember an opt-out, and e-mail at once."""
    if not row.settle():
        return
    if code == OPTED_OUT:
        messages.opt_out(str(row.to), at=clock.now(), source="twilio")
    current = _locked(row.pk)
    if current is not None:
        _move(current, Sms.Status.FAILED, code, words)


def _move(row: Sms, status: str, code: str, words: str = "") -> None:
    """Write a new status on a locked text, say so, and e-mail where it will not arrive."""
    moment = clock.now()
    row.status, row.status_at, row.error_code = status, moment, code[:10]
    row.error = (words or (sms.explain(code) if code else ""))[:300]
    row.save(update_fields=["status", "status_at", "error_code", "error"])
    ending = f" ({row.error})" if row.error else ""
    text = f"SMS {row.get_status_display()}: {row.get_kind_display()}{ending}"
    if status != Sms.Status.SENT:  # that was noted when Twilio took it
        note(row.registration, TimelineEntry.Kind.MESSAGE, text, at=moment)
    if status in (Sms.Status.FAILED, Sms.Status.UNDELIVERED):
        _email_instead(row, moment)
    sync.touch(row.registration)


def _email_instead(row: Sms, moment: datetime) -> None:
    messages.owe_email(row.registration, row.kind, row.resend, at=moment, text=row.body)


@transaction.atomic
def _withdraw(late, row: Sms, moment: datetime) -> int:
    reason = "the text service was away, e-mailed instead"
    mine = late.filter(pk=row.pk).update(
        status=Sms.Status.FAILED,
        status_at=moment,
        due_at=None,
        error=reason,
        attempts=F("attempts") + 1,
    )
    current = _locked(row.pk) if mine else None
    if current is None:
        return 0
    note(current.registration, TimelineEntry.Kind.MESSAGE, f"SMS withdrawn: {reason}", at=moment)
    _email_instead(current, moment)
    sync.touch(current.registration)
    return 1


def _locked(sms_id: int) -> Sms | None:
    rows = Sms.objects.select_for_update(of=("self",))
    related = "registration__season", "registration__guardian", "registration__player"
    return rows.select_related(*related, "registration__team__season").filter(pk=sms_id).first()


def _mail(email: Email) -> None:
    with email.reporting():
        mail.send(email.to, email.subject, email.body)
        _record_mailed(email)


@transaction.atomic
def _record_mailed(email: Email) -> None:
    if email.settle():
        Email.objects.filter(pk=email.pk).update(sent_at=clock.now())
        registration = Registration.objects.get(pk=email.registration_id)
        text = f"E-mail sent: {email.get_kind_display()}"
        note(registration, TimelineEntry.Kind.MESSAGE, text, at=clock.now())
