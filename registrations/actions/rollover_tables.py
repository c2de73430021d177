"""What a rollover owes Airtable: the new season's table, made and checked."""

from integrations import clock
from integrations.airtable import check
from integrations.airtable.mapping import mappings
from registrations.airtable import registrations_table
from registrations.models import Rollover


def roll_due() -> int:
    """Do what is due; how many were taken up."""
    taken = 0
    for pk in Rollover.objects.due().values_list("pk", flat=True):
        rollover = Rollover.objects.claim(pk)
        if rollover:
            taken += 1
            with rollover.reporting():
                _make_table(rollover)
    return taken


def _make_table(rollover: Rollover) -> None:
    """Create what is missing in the base, deleting nothing, and look whether all is right."""
    if rollover.to_season is None:
        rollover.settle()
        return
    table = registrations_table(rollover.to_season)
    pairs = [(one, name) for one in mappings() for name in one.tables() if name == table]
    wrong = [line for line in check.lines(pairs, create=True) if not line.good]
    if wrong:
        words = "; ".join(f"{line.field}: {line.words}" for line in wrong)
        rollover.hand_to_person(f"{table}: {words}"[:2000])
    elif rollover.settle():
        Rollover.objects.filter(pk=rollover.pk).update(table_checked_at=clock.now())
