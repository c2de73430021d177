"""PostgreSQL puts new words of a trigram index on a list that each search reads whole, until a
vacuum sorts them in; a club writes seldom and searches often, so they are sorted in at once."""

from django.db import migrations

INDEXES = ("player", "guardian", "registration")


def sort_in_at_once(apps, editor):
    if editor.connection.vendor != "postgresql":
        return
    for name in INDEXES:
        index = f"registrations_{name}_searched"
        editor.execute(f"ALTER INDEX IF EXISTS {index} SET (fastupdate = off)")
        editor.execute(
            "SELECT gin_clean_pending_list(indexrelid::regclass) FROM pg_stat_user_indexes "
            f"WHERE indexrelname = '{index}'"
        )


class Migration(migrations.Migration):
    dependencies = [("registrations", "0027_search_on_postgresql")]
    operations = [migrations.RunPython(sort_in_at_once, migrations.RunPython.noop)]
