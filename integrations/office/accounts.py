"""Logins, groups, sign-ins and the audit trail in the theme's looks."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from integrations.accounts import factors, leaving, resets, signins
from integrations.models import AuditEntry, PasswordReset
from integrations.office.admins import OfficeAdmin, OfficeForm, QueueAdmin, QueueFilter
from integrations.office.buttons import Sure, button
from integrations.office.theme import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

# The first two come again below; the others hold what only their owner changes.
for _model in (User, Group, EmailAddress, Authenticator):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

RIGHTS = ["is_active", "is_staff", "is_superuser", "groups"]
# Where the rights are that a role may hold; those of the machinery beneath are nobody's.
APPS = ["registrations", "payments", "integrations", "auth"]


class Roles(UserChangeForm):
    """A login with its roles as boxes to tick; a right for one person is a role of its own."""

    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        label="Roles",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class Rights(forms.ModelMultipleChoiceField):
    """What a role may do, in the words of each right."""

    def label_from_instance(self, obj: Permission) -> str:
        return obj.name


class RoleForm(OfficeForm):
    """A role with its rights as boxes to tick."""

    permissions = Rights(
        Permission.objects.filter(content_type__app_label__in=APPS),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


def _active(user: User) -> bool:
    return user.is_active


def _may_be_mailed(user: User) -> bool:
    return bool(user.is_active and user.email)


@admin.register(User)
class LoginAdmin(UserAdmin, OfficeAdmin):  # type: ignore[misc]
    """Who may sign in. A login is ended rather than deleted: what it did keeps its name."""

    form = Roles
    filter_horizontal = ()
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "roles", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    on_add = ["username", "usable_password", "password1", "password2"]
    editable = ["username", "password", "first_name", "last_name", "email", *RIGHTS]
    fieldsets: ClassVar[Any] = [
        (None, {"fields": ["username", "password", "first_name", "last_name", "email"]}),
        ("What they may do", {"fields": RIGHTS}),
        ("Signing in", {"fields": ["second_factors", "sign_ins", "date_joined"]}),
    ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return list(self.on_add) if obj is None else list(super().get_fields(request, obj))

    @admin.display
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="second factors")
    def second_factors(self, user: User) -> str:
        return ", ".join(factors.KINDS[one.type] for one in factors.seconds(user)) or "none"

    @admin.display(description="last sign-ins")
    def sign_ins(self, user: User) -> SafeString:
        return render_to_string("admin/office/sign_ins.html", {"sign_ins": signins.last(user)})

    @button("End access (somebody leaves)", shown=_active, ask=Sure, preview="ends", danger=True)
    def end_access(self, request: HttpRequest, user: User) -> str:
        """Everything that the login opens ends at once."""
        if user == request.user:
            raise ValidationError("That is your own login: another administrator ends it.")
        return f"Ended: access, {', '.join(leaving.end_access(user.pk))}."

    def ends(self, request: HttpRequest, user: User) -> dict[str, Any]:
        """What goes, and what stays."""
        words = (
            "The password, sessions, second factors, roles, places beside teams and agents' tokens "
            "end now; work that was theirs is nobody's. What they did stays under their name."
        )
        return {"lines": [("What happens", words)]}

    @button("Sign out everywhere", shown=_active, ask=Sure)
    def sign_out(self, request: HttpRequest, user: User) -> str:
        """A telephone or laptop was lost."""
        return f"{leaving.end_sessions(user)} sessions ended."

    @button("Remove second factors", shown=_active, ask=Sure, danger=True)
    def remove_factors(self, request: HttpRequest, user: User) -> str:
        """A telephone was lost, and the recovery codes too: be sure who is asking."""
        return f"{factors.remove(user)} removed: the next sign-in asks for a new one."

    @button("Send a link for a new password", shown=_may_be_mailed, ask=Sure)
    def send_reset(self, request: HttpRequest, user: User) -> str:
        """By e-mail, good once, for an hour."""
        resets.owe(user.pk)
        return f"On its way to {user.email}."


@admin.register(Group)
class RoleAdmin(GroupAdmin, OfficeAdmin):  # type: ignore[misc]
    """What a role may do."""

    form = RoleForm
    filter_horizontal = ()
    fields: ClassVar[Any] = ["name", "permissions"]
    on_add = editable = ["name", "permissions"]
    may_delete = True


@admin.register(PasswordReset)
class PasswordResetAdmin(QueueAdmin):
    """Mails about forgotten passwords."""

    list_display = ["user", "asked_at", "sent_at", "queue", "last_error"]
    list_filter = [QueueFilter]
    list_select_related = ["user"]
    search_fields = ["user__username"]


@admin.register(AuditEntry)
class AuditAdmin(OfficeAdmin):
    """The audit trail: who did what, when, from where."""

    list_display = ["at", "who", "what", "kind", "object_id", "address"]
    list_filter = ["verb", ("at", admin.DateFieldListFilter), "kind"]
    search_fields = ["=by", "=address", "=object_id", "words", "kind"]
    search_help_text = "A login, an address, a row's number or kind, or words of the entry"
    date_hierarchy = "at"
    list_per_page = 100

    @admin.display(description="who", ordering="by")
    def who(self, row: AuditEntry) -> str:
        return row.by or "the platform"

    @admin.display(description="what", ordering="verb")
    def what(self, row: AuditEntry) -> str:
        return row.sentence

    def has_press_permission(self, request: HttpRequest) -> bool:
        """Nothing is pressed here: the trail is only read."""
        return False
