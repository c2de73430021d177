"""A permission of its own for medical notes (design 3.7)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registrations", "0002_season_sibling_percent")]

    operations = [
        migrations.AlterModelOptions(
            name="registration",
            options={
                "ordering": ["-submitted_at", "-pk"],
                "permissions": [("view_medical", "Can see medical notes")],
            },
        ),
    ]
