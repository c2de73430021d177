"""Admin of conversations: transcripts to read, drafts handed over, chats that want a person."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations import clock
from integrations.office import OfficeAdmin, Sure, Worklist, button
from registrations.admin.reading import cost_of
from registrations.models import ChatMessage, ChatSession, Draft

TRANSCRIPTS = "registrations.see_transcripts"
LINE = '<li><time>{}</time><span class="kind">{}</span><p>{}</p></li>'


def transcript_of(messages: QuerySet[ChatMessage]) -> SafeString | str:
    """What was said, oldest first."""
    lines = (
        (f"{clock.london(said.at):%-d %b %Y, %H:%M:%S}", said.get_role_display(), said.text)
        for said in messages
    )
    joined = format_html_join("", LINE, lines)
    return format_html('<ol class="office-timeline">{}</ol>', joined) if joined else "nothing yet"


def _wants_person(row: ChatSession) -> bool:
    return row.wants_person_at is not None


@admin.register(ChatSession)
class ChatSessionAdmin(OfficeAdmin):
    """Conversations. The key is the parent's only credential, so it is not shown."""

    list_display = ["__str__", "started_at", "last_seen_at", "wants_person_at", "registration"]
    list_filter = [("wants_person_at", admin.EmptyFieldListFilter)]
    search_fields = ["drafts__code"]
    date_hierarchy = "started_at"
    hidden = ["key"]
    needs: ClassVar[dict[str, str]] = {"transcript": TRANSCRIPTS}
    fields = [
        "started_at",
        "last_seen_at",
        "wants_person_at",
        "entered_by",
        "registration",
        "transcript",
    ]
    list_select_related = ["draft__registration__player"]

    @admin.display
    def registration(self, row: ChatSession) -> str:
        found = row.draft and row.draft.registration
        return found.player.full_name if found else ""

    @admin.display
    def transcript(self, row: ChatSession) -> SafeString | str:
        return transcript_of(row.messages.all())

    @button("Mark as looked at", shown=_wants_person, ask=Sure)
    def looked_at(self, request: HttpRequest, row: ChatSession) -> str:
        """Somebody has got in touch."""
        ChatSession.objects.filter(pk=row.pk).update(wants_person_at=None)
        return "Taken off the list."

    def summary(self, row: ChatSession) -> str:
        name = row.draft.answers.get("parent_name") if row.draft else None
        return f"Conversation {row.pk}{_named(name)}"

    def worklists(self) -> list[Worklist]:
        rows = ChatSession.objects.filter(wants_person_at__isnull=False)
        rows = rows.select_related("draft").defer("draft__sensitive")
        title = "Parents who asked for a person"
        return [Worklist(title, rows, "wants_person_at", lambda row: "asked for a person")]


def _named(name: object) -> str:
    if isinstance(name, dict):
        name = " ".join(str(part) for part in name.values() if part)
    elif isinstance(name, list):
        name = " ".join(str(part) for part in name)
    return f" with {name}" if name else ""


@admin.register(Draft)
class DraftAdmin(OfficeAdmin):
    """Answers so far: read-only, without what is kept encrypted."""

    list_display = ["__str__", "code", "team", "started_at", "last_answer_at", "handed_over_at"]
    list_filter = [
        "kind",
        ("handed_over_at", admin.EmptyFieldListFilter),
        ("registration", admin.EmptyFieldListFilter),
        "team__season",
    ]
    search_fields = ["code", "registration__player__last_name"]
    list_select_related = ["team"]
    hidden = ["sensitive"]
    needs: ClassVar[dict[str, str]] = {"transcript": TRANSCRIPTS, "answered": TRANSCRIPTS}
    fields = [
        "reference",
        "code",
        "kind",
        "team",
        "registration",
        "started_at",
        "last_answer_at",
        "handed_over_at",
        "entered_by",
        "read_by_model",
        "answered",
        "transcript",
    ]

    @admin.display(description="read by a language model")
    def read_by_model(self, row: Draft) -> str:
        return cost_of(row.model_calls.all())

    @admin.display(description="answers")
    def answered(self, row: Draft) -> SafeString | str:
        lines = ((name.replace("_", " "), value) for name, value in row.answers.items())
        return format_html_join("", "<div>{}: <strong>{}</strong></div>", lines) or "none yet"

    @admin.display
    def transcript(self, row: Draft) -> SafeString | str:
        return transcript_of(row.messages.all())

    @button("Mark as looked at", shown=lambda row: row.handed_over_at is not None, ask=Sure)
    def looked_at(self, request: HttpRequest, row: Draft) -> str:
        """Somebody has taken it on."""
        Draft.objects.filter(pk=row.pk).update(handed_over_at=None)
        return "Taken off the list."

    def summary(self, row: Draft) -> str:
        return f"{row.code} for {row.team}"

    def worklists(self) -> list[Worklist]:
        rows = Draft.objects.filter(handed_over_at__isnull=False, registration=None)
        rows = rows.select_related("team").defer("sensitive")
        title = "Returning players handed to the office"
        return [Worklist(title, rows, "handed_over_at", lambda row: row.get_kind_display())]
