"""Admin of what a language model read, and what it cost; none of the words are kept."""

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum

from integrations.office import OfficeAdmin
from registrations.models import ModelCall
from registrations.models.reading import as_dollars

NEVER = "never: rules alone read the answers"


def cost_of(calls: QuerySet[ModelCall]) -> str:
    """ "3 calls, 2,100 tokens, $0.0051", or that no model was asked."""
    sums = calls.aggregate(
        calls=Count("pk"),
        read=Sum("input_tokens", default=0),
        written=Sum("output_tokens", default=0),
        paid=Sum("microdollars", default=0),
    )
    if not sums["calls"]:
        return NEVER
    tokens = f"{sums['read'] + sums['written']:,} tokens"
    times = "1 call" if sums["calls"] == 1 else f"{sums['calls']} calls"
    return f"{times}, {tokens}, {as_dollars(sums['paid'])}"


@admin.register(ModelCall)
class ModelCallAdmin(OfficeAdmin):
    """One row for each answer of the model."""

    list_display = [
        "at",
        "purpose",
        "step",
        "outcome",
        "registration",
        "input_tokens",
        "output_tokens",
        "cost",
        "time_taken",
    ]
    list_filter = ["purpose", "outcome", "model"]
    date_hierarchy = "at"
    list_select_related = ["draft__registration__player"]
    fields = [
        "at",
        "purpose",
        "step",
        "outcome",
        "draft",
        "registration",
        "model",
        "input_tokens",
        "output_tokens",
        "cost",
        "time_taken",
    ]

    @admin.display
    def registration(self, row: ModelCall) -> str:
        found = row.draft and row.draft.registration
        return found.player.full_name if found else ""

    @admin.display(ordering="microdollars")
    def cost(self, row: ModelCall) -> str:
        return row.dollars

    @admin.display(ordering="milliseconds")
    def time_taken(self, row: ModelCall) -> str:
        return f"{row.milliseconds / 1000:.2f} s"

    def summary(self, row: ModelCall) -> str:
        return f"{row.get_purpose_display()}: {row.get_outcome_display()}"
