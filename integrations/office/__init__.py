"""The base of every admin page: one class, one kind of button, one list of what waits for staff."""

from integrations.office.admins import OfficeAdmin, OfficeForm
from integrations.office.buttons import Day, Reason, Sure, button
from integrations.office.pages import Office, office
from integrations.office.panels import Bar, Chart, Figure
from integrations.office.theme import TabularInline, dress
from integrations.office.worklists import Worklist, put_aside, retry

__all__ = [
    "Bar",
    "Chart",
    "Day",
    "Figure",
    "Office",
    "OfficeAdmin",
    "OfficeForm",
    "Reason",
    "Sure",
    "TabularInline",
    "Worklist",
    "button",
    "dress",
    "office",
    "put_aside",
    "retry",
]
