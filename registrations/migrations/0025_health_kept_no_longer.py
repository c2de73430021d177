from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registrations', '0024_what_teams_take_along'),
    ]

    operations = [
        migrations.AlterField(
            model_name='registration',
            name='has_medical_issues',
            field=models.BooleanField(default=False, help_text='unknown: kept no longer, so ask', null=True),
        ),
    ]
