"""Brothers and sisters of the demo, by the product's own rules: what each of them pays."""

from payments.actions import discounts, kinship
from payments.models import MonthlyPrice, PriceReason
from registrations.models import Registration
from utjfc.demo.stories import Story


def price(stories: list[Story]) -> None:
    """Find who belongs together and set the monthly fees, before anything is collected."""
    paid = {story.registration.pk: story for story in stories if kinship.counts(story.registration)}
    for story in paid.values():
        kinship.seek(story.registration, at=story.settled_at)
    rows = [story.registration for story in paid.values()]
    prices = discounts.prices_of(rows, kinship.links(set(paid)))
    changed = {id: found for id, found in prices.items() if found.percent}
    for id, found in changed.items():
        row = paid[id].registration
        MonthlyPrice.objects.create(registration=row, list_pence=found.list_pence)
        PriceReason.objects.create(
            registration=row,
            pence=found.pence,
            list_pence=found.list_pence,
            percent=found.percent,
            sibling_id=found.sibling,
            words=found.words,
            at=paid[id].settled_at,
        )
        row.monthly_fee_pence = found.pence
    Registration.objects.bulk_update(
        [paid[id].registration for id in changed], ["monthly_fee_pence"]
    )
