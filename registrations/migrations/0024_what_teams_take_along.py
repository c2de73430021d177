from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registrations', '0023_proposals_to_erase'),
    ]

    operations = [
        migrations.AddField(
            model_name='plannedteam',
            name='automatic_offers',
            field=models.BooleanField(blank=True, null=True, verbose_name='places offer themselves'),
        ),
    ]
