"""Remove what has been kept long enough: here, in storage and in Airtable, with a report.

Drafts count from their last answer; transcripts, photos, and medical notes from the day on which
their season's registration closes. Each thing goes in one transaction of its own with its line in
the report, so whoever is killed carries on with the next run. A photo's picture is deleted by a
job afterwards, and only where no other season's photo is the same picture.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Length

from integrations import audit, clock, queue, storage
from integrations.models import AirtableConflict, AuditEntry
from registrations.actions import states, sync
from registrations.models import (
    ChatSession,
    Draft,
    Photo,
    Registration,
    RetentionItem,
    RetentionRun,
    Season,
    TimelineEntry,
    note,
)

Kind = RetentionItem.Kind
BATCH = 100
STILL_USED = "kept: a newer season uses it"


@dataclass(frozen=True)
class Old:
    """One thing past its time; `pk` is that of its draft, session, photo or registration."""

    kind: str
    pk: int
    about: str
    season: int | None
    kept_until: date
    since: date | None = None  # from which it counted; another day by now means: in use again


def run(*, dry_run: bool, by: str = "") -> RetentionRun:
    """List what is past its time, and unless it is a dry run remove it; the stored report."""
    today = clock.today()
    report = RetentionRun.objects.create(dry_run=dry_run, asked_by=by, started_at=clock.now())
    counts: Counter[str] = Counter()
    for find in (_drafts, _conversations, _transcripts, _photos, _medical):
        for old in list(find(today)):
            if dry_run or _remove(report, old):
                counts[old.kind] += 1
            if dry_run:
                _line(report, old)
    RetentionRun.objects.filter(pk=report.pk).update(counts=counts, finished_at=clock.now())
    report.refresh_from_db()
    return report


def remove_pictures() -> int:
    """Delete from storage the pictures of photos that are gone; how many were taken up."""
    taken = 0
    for pk in RetentionItem.objects.due().order_by("due_at").values_list("pk", flat=True)[:BATCH]:
        item = RetentionItem.objects.claim(pk)
        if item:
            taken += 1
            with item.reporting():
                words = _remove_picture(item.storage_key)
                if item.settle():
                    gone = RetentionItem.objects.filter(pk=item.pk)
                    gone.update(picture=words, storage_key="")
    return taken


def _remove_picture(key: str) -> str:
    if Photo.objects.filter(storage_key=key).exists():
        return STILL_USED
    storage.delete(key)
    return "deleted"


def _drafts(today: date) -> Iterator[Old]:
    for season in Season.objects.all():
        last = _midnight(today - timedelta(days=season.keep_drafts_days))
        rows = Draft.objects.filter(team__season=season, registration=None, last_answer_at__lt=last)
        for draft in rows.defer("sensitive", "answers"):
            since = _day(draft.last_answer_at)
            until = since + timedelta(days=season.keep_drafts_days)
            yield Old(Kind.DRAFT, draft.pk, str(draft), season.pk, until, since)


def _conversations(today: date) -> Iterator[Old]:
    """Sessions about nothing that was kept, by the longest time that any season allows."""
    days = Season.objects.aggregate(most=Max("keep_drafts_days"))["most"]
    if days is None:
        return
    last = _midnight(today - timedelta(days=days))
    for session in ChatSession.objects.filter(drafts=None, last_seen_at__lt=last):
        since = _day(session.last_seen_at)
        until = since + timedelta(days=days)
        yield Old(Kind.CONVERSATION, session.pk, str(session), None, until, since)


def _transcripts(today: date) -> Iterator[Old]:
    for season, until in _over(today, "keep_transcripts_days"):
        rows = Draft.objects.filter(registration__season=season)
        for draft in rows.defer("sensitive", "answers"):
            yield Old(Kind.TRANSCRIPT, draft.pk, str(draft), season.pk, until)


def _photos(today: date) -> Iterator[Old]:
    for season, until in _over(today, "keep_photos_days"):
        for photo in Photo.objects.filter(registration__season=season):
            yield Old(Kind.PHOTO, photo.pk, str(photo), season.pk, until)


def _medical(today: date) -> Iterator[Old]:
    for season, until in _over(today, "keep_medical_days"):
        rows = _noted(Registration.objects.filter(season=season))
        for one in rows.defer("medical_notes", "not_to_collect"):
            yield Old(Kind.MEDICAL, one.pk, str(one), season.pk, until)


def _noted(rows: QuerySet[Registration]) -> QuerySet[Registration]:
    """Those with notes, here or in a conflict; what is encrypted has a length, if no words."""
    lengths = rows.annotate(notes=Length("medical_notes"), collects=Length("not_to_collect"))
    there = _conflicts(Kind.MEDICAL).values("row__object_id")
    notes = Q(notes__gt=0) | Q(collects__gt=0) | Q(has_medical_issues=True)
    return lengths.filter(notes | Q(pk__in=there))


def _over(today: date, setting: str) -> Iterable[tuple[Season, date]]:
    """The seasons whose time by a setting is over, and the last day of it."""
    for season in Season.objects.filter(closes_on__lt=today):
        until = season.closes_on + timedelta(days=getattr(season, setting))
        if until < today:
            yield season, until


@transaction.atomic
def _remove(report: RetentionRun, old: Old) -> bool:
    """Take one thing away and write its line; False where it is gone or in use again."""
    return _REMOVE[old.kind](report, old)


def _line(report: RetentionRun, old: Old) -> RetentionItem:
    return RetentionItem.objects.create(
        run=report,
        kind=old.kind,
        about=old.about[:80],
        season_id=old.season,
        kept_until=old.kept_until,
        removed_at=None if report.dry_run else clock.now(),
    )


def _remove_draft(report: RetentionRun, old: Old) -> bool:
    """With what was said in it; a parent who came back meanwhile keeps it."""
    rows = Draft.objects.select_for_update(of=("self",))
    draft = rows.filter(pk=old.pk, registration=None).first()
    if draft is None or _day(draft.last_answer_at) != old.since:
        return False
    _drop(draft)
    _line(report, old)
    return True


def _remove_session(report: RetentionRun, old: Old) -> bool:
    rows = ChatSession.objects.select_for_update(of=("self",))
    session = rows.filter(pk=old.pk, drafts=None).first()
    if session is None or _day(session.last_seen_at) != old.since:
        return False
    session.delete()
    _line(report, old)
    return True


def _remove_transcript(report: RetentionRun, old: Old) -> bool:
    """What was said and the answers as typed; what they became, the registration, stays."""
    draft = Draft.objects.select_for_update(of=("self",)).filter(pk=old.pk).first()
    if draft is None or draft.registration_id is None:
        return False
    registration = states.locked(draft.registration_id)
    _drop(draft)
    _line(report, old)
    _say(registration, old, "Conversation removed: kept long enough")
    return True


def _remove_photo(report: RetentionRun, old: Old) -> bool:
    owner = Photo.objects.filter(pk=old.pk).values_list("registration", flat=True).first()
    if owner is None:
        return False
    registration = states.locked(owner)
    photo = Photo.objects.select_for_update(of=("self",)).filter(pk=old.pk).first()
    if photo is None:
        return False
    key = photo.storage_key
    photo.delete()
    item = _line(report, old)
    if key:
        # Whoever carries the picture to a new season has locked this row: it is seen by now.
        used = Photo.objects.filter(storage_key=key).exists()
        change = {"picture": STILL_USED} if used else {"storage_key": key, "due_at": clock.now()}
        RetentionItem.objects.filter(pk=item.pk).update(**change)
        queue.ring("registrations.remove_pictures")
    _say(registration, old, "Photo removed: kept long enough")
    return True


def _remove_medical(report: RetentionRun, old: Old) -> bool:
    registration = states.locked(old.pk)
    if not _noted(Registration.objects.filter(pk=old.pk)).exists():
        return False
    # Neither a yes nor a no: whoever reads it later asks.
    registration.medical_notes, registration.not_to_collect = "", ""
    registration.has_medical_issues = None
    registration.save(update_fields=["medical_notes", "not_to_collect", "has_medical_issues"])
    _line(report, old)
    _say(registration, old, "Medical and collection notes removed: kept long enough")
    return True


def _drop(draft: Draft) -> None:
    """A draft with its lines, and its session where that holds nothing else."""
    session = draft.session_id
    draft.delete()
    ChatSession.objects.filter(pk=session, drafts=None).delete()


def _say(registration: Registration, old: Old, words: str) -> None:
    """A line on the timeline; Airtable's row follows, and what a conflict there kept goes too."""
    note(registration, TimelineEntry.Kind.STAFF, words, at=clock.now())
    audit.record(AuditEntry.Verb.ERASED, registration, words)
    _conflicts(old.kind).filter(row__object_id=registration.pk).delete()
    sync.touch(registration)


def _conflicts(kind: str) -> QuerySet[AirtableConflict]:
    """What both sides held of the fields of one kind when they differed."""
    return AirtableConflict.objects.filter(row__kind="registration", field__in=_THERE[kind])


def _day(moment: datetime) -> date:
    return clock.london(moment).date()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.LONDON)


# The fields in Airtable that hold each kind.
_THERE: dict[str, list[str]] = {
    Kind.TRANSCRIPT: ["conversation_history"],
    Kind.PHOTO: ["id_image_link"],
    Kind.MEDICAL: ["player_has_any_medical_issues", "description_of_player_medical_issues"],
}
_REMOVE: dict[str, Callable[[RetentionRun, Old], bool]] = {
    Kind.DRAFT: _remove_draft,
    Kind.CONVERSATION: _remove_session,
    Kind.TRANSCRIPT: _remove_transcript,
    Kind.PHOTO: _remove_photo,
    Kind.MEDICAL: _remove_medical,
}
