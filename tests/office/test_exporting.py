"""Any list as a spreadsheet: what the list shows, no more, and it is written down."""

import csv
import io

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from openpyxl import load_workbook

from integrations.models import AuditEntry
from integrations.office import OfficeAdmin
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "admin:registrations_registration_changelist"


@pytest.fixture(autouse=True)
def boss(client, django_user_model):
    """A superuser, signed in."""
    user = django_user_model.objects.create_superuser("boss", password="boss")
    client.force_login(user)
    return user


def export(client, rows, kind, address=LIST):
    chosen = {"action": f"export_{kind}", "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(address), chosen)


def test_a_list_leaves_as_csv_and_xlsx_with_its_own_columns_and_runs_nothing(client):
    row = factories.registration(has_medical_issues=True, medical_notes="asthma")
    row.player.last_name = "=HYPERLINK(1)"
    row.player.first_name = ""
    row.player.save()
    other = factories.registration()
    response = export(client, [row], "csv")
    header, *lines = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
    assert header[:3] == ["Child", "Team", "Status"]
    (line,) = lines
    assert line[0].startswith(("'", " =")) and line[1:3] == ["U10 Lions", "pending payment"]
    assert other.player.full_name not in response.content.decode("utf-8-sig")
    assert "asthma" not in response.content.decode("utf-8-sig")
    assert "no-store" in response["Cache-Control"]

    sheet = load_workbook(io.BytesIO(export(client, [row, other], "xlsx").content)).active
    assert sheet.max_row == 3
    assert all(cell.data_type != "f" for cells in sheet.iter_rows() for cell in cells)
    said = AuditEntry.objects.filter(verb="exported").order_by("pk").values_list("words", "by")
    assert list(said) == [("1 rows as csv", "boss"), ("2 rows as xlsx", "boss")]


def test_every_list_of_ours_can_be_exported(client, rf, boss):
    request = rf.get("/")
    request.user = boss
    owners = [owner for owner in admin.site._registry.values() if isinstance(owner, OfficeAdmin)]
    assert len(owners) > 20
    for owner in owners:
        assert {"export_csv", "export_xlsx"} <= set(owner.get_actions(request))


def test_whoever_may_not_see_a_list_takes_nothing_out_of_it(client):
    row = factories.registration()
    clerk = User.objects.create_user("clerk", password="x", is_staff=True)
    client.force_login(clerk)
    assert export(client, [row], "csv").status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="view_season"))
    assert export(client, [row], "csv").status_code == 403
    assert not AuditEntry.objects.filter(verb="exported").exists()
