"""The one place that knows the admin's theme: leaving it is a change of this module.

Unfold 0.91 (docs/decisions). Its detail, list and row actions are GET links, so none is used:
whatever changes something is a button of ours, by POST (integrations.office.buttons).
"""

from typing import Any

from django import forms
from unfold import widgets
from unfold.admin import ModelAdmin, TabularInline
from unfold.dataclasses import SearchResult
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.sites import UnfoldAdminSite

__all__ = [
    "AdminPasswordChangeForm",
    "ModelAdmin",
    "SearchResult",
    "TabularInline",
    "UnfoldAdminSite",
    "UserChangeForm",
    "UserCreationForm",
    "dress",
]

# What a plain form's widgets become; the first that fits.
_WIDGETS: list[tuple[type[forms.Widget], str]] = [
    (forms.CheckboxSelectMultiple, ""),
    (forms.RadioSelect, ""),
    (forms.CheckboxInput, " ".join(widgets.CHECKBOX_CLASSES)),
    (forms.FileInput, ""),
    (forms.Select, " ".join(widgets.SELECT_CLASSES)),
    (forms.Textarea, " ".join(widgets.TEXTAREA_CLASSES)),
    (forms.widgets.Input, " ".join(widgets.INPUT_CLASSES)),
]


def dress(form: Any) -> Any:
    """Give the fields of a plain Django form the theme's looks; the same form comes back."""
    for field in form.fields.values():
        classes = next((names for kind, names in _WIDGETS if isinstance(field.widget, kind)), "")
        if classes and "class" not in field.widget.attrs:
            field.widget.attrs["class"] = classes
    return form
