"""What is kept of a family beside its money: erased with it; amounts and their dates stay."""

from __future__ import annotations

from collections.abc import Sequence

from payments.models import (
    ArrearsCase,
    ArrearsPlan,
    Hardship,
    LinkOpening,
    PriceReason,
    SiblingCase,
)


def erase(registrations: Sequence[int], depth: str) -> None:
    """Erase as deep as `depth` (registrations.actions.erasing.Depth) what is not an amount."""
    rows = {"registration__in": registrations}
    if depth == "contact":
        LinkOpening.objects.filter(**rows).update(sent_to="")
    elif depth == "medical":
        # Why somebody could not pay may be somebody's health.
        Hardship.objects.filter(**rows).update(words="")
    else:
        ArrearsPlan.objects.filter(**rows).update(words="(erased)")
        ArrearsCase.objects.filter(**rows).update(decision_reason="")
        PriceReason.objects.filter(**rows).update(words="(erased)")
        SiblingCase.objects.filter(one__in=registrations).update(reason="")
        SiblingCase.objects.filter(other__in=registrations).update(reason="")
