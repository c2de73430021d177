"""Indexes with which PostgreSQL finds a part of a name; SQLite has none, nor needs them."""

from django.db import DatabaseError, migrations, transaction

SEARCHED = {
    "registrations_player": ["first_name", "last_name", "email", "phone", "postcode", "fan"],
    "registrations_guardian": ["first_name", "last_name", "email", "phone", "postcode"],
    "registrations_registration": ["code", "emergency_phone"],
}


def make(apps, editor):
    """Where trigrams cannot be had (an old server, no right to them), search is slower, no more."""
    if editor.connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=editor.connection.alias):
            editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return
    for table, columns in SEARCHED.items():
        # As Django writes a search that minds no case.
        parts = ", ".join(f"UPPER({column}::text) gin_trgm_ops" for column in columns)
        editor.execute(f"CREATE INDEX {table}_searched ON {table} USING gin ({parts})")


def drop(apps, editor):
    if editor.connection.vendor == "postgresql":
        for table in SEARCHED:
            editor.execute(f"DROP INDEX IF EXISTS {table}_searched")


class Migration(migrations.Migration):
    dependencies = [("registrations", "0026_indexes_for_lists")]
    operations = [migrations.RunPython(make, drop)]
