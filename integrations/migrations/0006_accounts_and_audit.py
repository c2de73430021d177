# Sign-ins, forgotten passwords, and the audit trail, which the database guards too.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


POSTGRESQL = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is only added to'; END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON integrations_auditentry
FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
"""
# The demo's database: tests and `restore` empty its tables by DELETE, so that stays possible.
SQLITE = """
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON integrations_auditentry
BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END
"""


def guard(apps, schema_editor):
    """Whoever gets past the application meets the database."""
    postgresql = schema_editor.connection.vendor == 'postgresql'
    schema_editor.execute(POSTGRESQL if postgresql else SQLITE)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute('DROP FUNCTION audit_is_append_only() CASCADE')
    else:
        schema_editor.execute('DROP TRIGGER audit_is_append_only')


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0005_work_queue_tasks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True)),
                ('by', models.CharField(blank=True, db_index=True, max_length=150, verbose_name='who')),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='from where')),
                ('verb', models.CharField(choices=[('viewed', 'viewed'), ('added', 'added'), ('changed', 'changed'), ('deleted', 'deleted'), ('did', 'did'), ('exported', 'exported'), ('sent', 'sent'), ('erased', 'erased'), ('access', 'access')], max_length=10, verbose_name='what')),
                ('kind', models.CharField(blank=True, max_length=60, verbose_name='kind of row')),
                ('object_id', models.CharField(blank=True, max_length=40, verbose_name='number')),
                ('story', models.CharField(blank=True, editable=False, max_length=110)),
                ('words', models.CharField(blank=True, max_length=300, verbose_name='in words')),
                ('fields', models.JSONField(blank=True, default=list)),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit trail',
                'ordering': ['-at', '-pk'],
                'default_permissions': ['view'],
                'indexes': [models.Index(fields=['kind', 'object_id'], name='audit_by_row'), models.Index(fields=['story'], name='audit_by_story')],
            },
        ),
        migrations.CreateModel(
            name='PasswordReset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='next try')),
                ('leased_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('attempts', models.PositiveIntegerField(default=0, editable=False)),
                ('uncertain_since', models.DateTimeField(blank=True, editable=False, null=True)),
                ('needs_person_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('last_error', models.TextField(blank=True)),
                ('last_error_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('asked_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='password_resets', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='password_reset_due')],
            },
        ),
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('ok', 'signed in'), ('password', 'wrong password'), ('code', 'wrong code')], max_length=10)),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='from')),
                ('device', models.CharField(blank=True, max_length=60)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['user', '-at'], name='sign_in_of_user')],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
