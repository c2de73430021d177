# Who may take out, and who may erase, what is kept about a family.

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('registrations', '0021_photo_advice'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='family',
            options={'ordering': ['-created_at'], 'permissions': [('export_family', 'Can make a file of all that is kept about a family'), ('erase_family', 'Can erase a family')], 'verbose_name_plural': 'families'},
        ),
    ]
