"""Read what changed in Airtable and merge it."""

from integrations.management.commands import airtable_sync


class Command(airtable_sync.Command):
    """As airtable_sync, without writing what is behind."""

    help = "Read what changed in Airtable and merge it."
    writes = False
