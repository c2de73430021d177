"""Write what is behind in Airtable."""

from integrations.management.commands import airtable_sync


class Command(airtable_sync.Command):
    """As airtable_sync, without reading first."""

    help = "Write what is behind in Airtable."
    reads = False
