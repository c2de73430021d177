"""Searches as staff type them: a phone in any form, a postcode with or without its space."""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from integrations.office import OfficeAdmin
from integrations.office.searching import holding

POSTCODE = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})")


def phone_part(text: str) -> str:
    """What a stored E.164 number holds of a number typed as 07…, +44…, 0044…; "" if it is none.

    Five digits are enough, so that the end of a number finds it too.
    """
    digits = re.sub(r"[\s().-]", "", text)
    if not re.fullmatch(r"\+?\d{5,15}", digits):
        return ""
    for prefix in ("+440", "00440", "+44", "0044", "440", "44", "0"):
        if digits.startswith(prefix) and len(digits) >= len(prefix) + 9:
            return digits.removeprefix(prefix)
    return digits.lstrip("+").lstrip("0")


def postcode(text: str) -> str:
    """M41 0AA for m410aa; "" where the text is not a whole postcode."""
    found = POSTCODE.fullmatch(text.strip().upper())
    return f"{found[1]} {found[2]}" if found else ""


def person_query(
    text: str, people: list[str], phones: list[str] | None = None
) -> dict[str, Q] | None:
    """The conditions for a whole phone or postcode, by path such as "guardian"; else None.

    People have a postcode and a phone; `phones` are further phone fields of the row itself.
    """
    if part := phone_part(text):
        own = Q(*((f"{name}__icontains", part) for name in phones or []), _connector=Q.OR)
        found = {person: Q(phone__icontains=part) for person in people}
        return found | {"": found.get("", Q()) | own} if phones else found
    if code := postcode(text):
        return {person: Q(postcode__iexact=code) for person in people}
    return None


class PersonSearch(OfficeAdmin):
    """Mixed into an admin class: phones and postcodes first, then Django's own search.

    `search_people` and `search_phones` are as in person_query.
    """

    search_people: list[str] = [""]
    search_phones: list[str] = []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Django's hook: the rows found, and whether they may come twice (never)."""
        found = person_query(search_term, self.search_people, self.search_phones)
        if found is not None:
            return holding(queryset, found), False
        return super().get_search_results(request, queryset, search_term)
