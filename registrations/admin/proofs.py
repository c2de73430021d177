"""Admin of links that resume a draft and of codes that prove a contact."""

from django.contrib import admin

from integrations.office.admins import QueueAdmin, QueueFilter
from registrations.models import ContactCode, ResumeLink


@admin.register(ResumeLink)
class ResumeLinkAdmin(QueueAdmin):
    """Links to carry on on another device; the link itself is known to nobody here."""

    list_display = ["created_at", "draft", "to", "sent_at", "used_at", "expires_at", "queue"]
    list_filter = [QueueFilter]
    list_select_related = ["draft"]
    hidden = ["digest"]
    date_hierarchy = "created_at"

    def summary(self, row: ResumeLink) -> str:
        return f"Link for {row.draft}"


@admin.register(ContactCode)
class ContactCodeAdmin(QueueAdmin):
    """Codes that parents asked for to change a contact; the code itself is known to nobody here."""

    list_display = ["created_at", "registration", "field", "used_at", "tries_left", "queue"]
    list_filter = [QueueFilter, "field"]
    list_select_related = ["registration"]
    hidden = ["digest"]
    date_hierarchy = "created_at"

    def summary(self, row: ContactCode) -> str:
        return f"{row.get_field_display()} of {row.registration}"
