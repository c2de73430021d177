"""A season that is closed is read, no longer edited: what may still be pressed is named."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from integrations.office import OfficeAdmin
from integrations.office.buttons import Button
from registrations.models import Season

# Reading, and what only finishes what was owed before.
ALLOWED = frozenset({"retry_failed", "show_medical", "looked_at", "try_again", "correct_phone"})
ALLOWED |= {"emergency_sheet", "team_sheet", "id_cards", "squad_sheet", "league_pack"}
WORDS = "The season {season} is closed: it can be read, no longer changed."


class ClosedSeason(OfficeAdmin):
    """Mixed into the admins of what hangs on a season."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and self._season(obj).closed_at:
            return False
        return super().has_change_permission(request, obj)

    def do_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None and self._is_shut(row, name) and request.method == "POST":
            said = WORDS.format(season=self._season(row).label)
            self.message_user(request, said, messages.ERROR)
            return self._back(request, row)
        return super().do_view(request, object_id, name)

    def _buttons_for(self, request: HttpRequest, row: Any) -> list[Button]:
        marks = super()._buttons_for(request, row)
        return [mark for mark in marks if not self._is_shut(row, mark.name)]

    def _is_shut(self, row: Any, name: str) -> bool:
        return bool(self._season(row).closed_at) and name not in ALLOWED

    def _season(self, row: Any) -> Season:
        return row if isinstance(row, Season) else row.season
