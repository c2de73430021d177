"""The buttons of a registration, pressed as staff press them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from integrations import clock
from integrations.models import AirtableRow
from registrations.models import OptOut, Photo, PhotoBytes, Sms
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def boss(client, django_user_model):
    """A superuser, signed in."""
    user = django_user_model.objects.create_superuser("boss", password="boss")
    client.force_login(user)
    return user


def do(row, name):
    return reverse("admin:registrations_registration_do", args=[row.pk, name])


def lines(row):
    return list(row.timeline.order_by("pk").values_list("text", "by"))


@pytest.mark.parametrize(
    "name",
    ["resend_payment_sms", "retry_failed", "looked_at", "suspend", "cancel", "show_medical"],
)
def test_a_button_reached_by_get_changes_nothing(client, name):
    row = factories.registration(
        flags=["look"], flagged_at=clock.now(), has_medical_issues=True, medical_notes="asthma"
    )
    response = client.get(do(row, name), {"confirmed": "1", "reason": "x"}, follow=True)
    assert "asthma" not in response.content.decode()
    row.refresh_from_db()
    assert (row.status, row.flags, row.sms.count()) == ("pending_payment", ["look"], 0)
    assert lines(row) == []


def test_the_payment_sms_is_shown_before_it_is_sent_again(client, move_clock):
    row = factories.registration()
    page = client.post(do(row, "resend_payment_sms")).content.decode()
    assert str(row.guardian.phone) in page
    assert f"/reg_setup/{row.token}" in page
    assert "lately" not in page
    assert row.sms.count() == 0

    client.post(do(row, "resend_payment_sms"), {"confirmed": "1"})
    sms = row.sms.get()
    assert (sms.resend, sms.asked_by, str(sms.to)) == (0, "boss", str(row.guardian.phone))

    page = client.post(do(row, "resend_payment_sms")).content.decode()
    assert "One was sent lately" in page
    client.post(do(row, "resend_payment_sms"), {"confirmed": "1"})
    assert row.sms.count() == 1  # a second press within seconds is the same wish
    move_clock(timedelta(seconds=5))
    client.post(do(row, "resend_payment_sms"), {"confirmed": "1"})
    assert sorted(row.sms.values_list("resend", flat=True)) == [0, 1]


def test_staff_are_told_before_resending_that_a_number_wants_no_texts(client):
    row = factories.registration()
    OptOut.objects.create(phone=row.guardian.phone, since=clock.now(), source="twilio")
    page = client.post(do(row, "resend_payment_sms")).content.decode()
    assert "asked for no more texts" in page


def test_a_waiting_player_is_not_sent_a_payment_link(client):
    row = factories.registration(status="waiting", waiting_since=clock.now())
    client.post(do(row, "resend_payment_sms"), {"confirmed": "1"})
    assert row.sms.count() == 0


def test_suspending_needs_a_reason_and_reinstating_gives_the_status_back(client, boss):
    row = factories.active_registration()
    client.post(do(row, "suspend"), {"confirmed": "1", "reason": ""})
    row.refresh_from_db()
    assert row.status == "active"

    client.post(do(row, "suspend"), {"confirmed": "1", "reason": "kit not returned"})
    row.refresh_from_db()
    assert row.status == "suspended"
    assert row.suspensions.get().decided_by == boss

    page = client.post(do(row, "suspend"), {"confirmed": "1", "reason": "again"}, follow=True)
    assert "not possible any more" in page.content.decode()

    client.post(do(row, "reinstate"), {"confirmed": "1", "reason": "kit is back"})
    row.refresh_from_db()
    assert row.status == "active"
    assert row.suspensions.get().lifted_reason == "kit is back"


def test_a_cancelled_registration_says_who_and_why(client):
    row = factories.registration()
    client.post(do(row, "cancel"), {"confirmed": "1", "reason": "moved away"})
    row.refresh_from_db()
    assert (row.status, row.cancelled_reason) == ("cancelled", "moved away")
    assert ("Cancelled: moved away", "boss") in lines(row)


def test_a_waiting_player_is_given_a_place_and_asked_for_payment(client):
    row = factories.registration(status="waiting", waiting_since=clock.now())
    client.post(do(row, "give_place"), {"confirmed": "1"})
    row.refresh_from_db()
    assert (row.status, row.waiting_since) == ("pending_payment", None)
    assert row.billing_requests.count() == 1
    assert row.sms.get().kind == "payment_link"


def test_flags_are_taken_off_and_kept_on_the_timeline(client):
    row = factories.registration(flags=["age does not fit"], flagged_at=clock.now())
    client.post(do(row, "looked_at"))
    row.refresh_from_db()
    assert (row.flags, row.flagged_at) == ([], None)
    assert lines(row) == [("Looked at: age does not fit", "boss")]


def test_what_failed_is_tried_again_and_nothing_else(client):
    row = factories.registration()
    now = clock.now()
    message = {"registration": row, "kind": "payment_link", "to": row.guardian.phone}
    sent = Sms.objects.create(body="a", created_at=now, status="sent", **message)
    AirtableRow.objects.create(
        kind="registration",
        object_id=row.pk,
        sync_id=row.sync_id,
        table="t",
        needs_person_at=now,
        last_error="airtable: unknown field",
    )
    page = client.post(do(row, "retry_failed"), follow=True).content.decode()
    assert "1 will be tried again" in page
    assert AirtableRow.objects.get().needs_person_at is None
    sent.refresh_from_db()
    assert sent.due_at is None

    AirtableRow.objects.update(due_at=None, last_error="")
    page = client.post(do(row, "retry_failed"), follow=True).content.decode()
    assert "Nothing here has failed" in page


def test_a_wrong_number_is_refused_and_a_right_one_is_kept(client):
    row = factories.registration()
    before = row.guardian.phone
    page = client.post(do(row, "correct_phone"), {"confirmed": "1", "phone": "0161 496 0000"})
    assert "not a UK mobile number" in page.content.decode()
    row.guardian.refresh_from_db()
    assert row.guardian.phone == before

    client.post(do(row, "correct_phone"), {"confirmed": "1", "phone": "07700 900 321"})
    row.guardian.refresh_from_db()
    assert str(row.guardian.phone) == "+447700900321"


def test_medical_notes_are_shown_to_welfare_only_and_the_viewing_is_recorded(client):
    row = factories.registration(has_medical_issues=True, medical_notes="carries an EpiPen")
    nurse = User.objects.create_user("nurse", password="x", is_staff=True)
    for name in ("view_registration", "change_registration", "see_all_teams"):
        nurse.user_permissions.add(Permission.objects.get(codename=name))
    client.force_login(nurse)

    assert client.post(do(row, "show_medical")).status_code == 403
    assert lines(row) == []

    nurse.user_permissions.add(Permission.objects.get(codename="view_medical"))
    nurse = User.objects.get(pk=nurse.pk)
    client.force_login(nurse)
    response = client.post(do(row, "show_medical"))
    assert "carries an EpiPen" in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert lines(row) == [("Medical notes and who may not collect were viewed", "nurse")]


def test_whoever_may_only_look_may_press_nothing(client):
    row = factories.registration()
    looker = User.objects.create_user("looker", password="x", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_registration"))
    looker.user_permissions.add(Permission.objects.get(codename="see_all_teams"))
    client.force_login(looker)
    address = reverse("admin:registrations_registration_change", args=[row.pk])
    assert "Cancel the registration" not in client.get(address).content.decode()
    reason = {"confirmed": "1", "reason": "x"}
    assert client.post(do(row, "cancel"), reason).status_code == 403
    row.refresh_from_db()
    assert row.cancelled_at is None


def test_a_photo_is_private_and_each_viewing_is_recorded(client):
    row = factories.registration()
    photo = Photo.objects.create(registration=row, uploaded_at=clock.now(), state="accepted")
    PhotoBytes.objects.create(photo=photo, jpeg=b"\xff\xd8jpeg")
    address = reverse("admin:registration_photo", args=[photo.uuid])
    assert address == f"/admin/registrations/photo/{photo.uuid}"
    response = client.get(address)
    assert response.content == b"\xff\xd8jpeg"
    assert response["Cache-Control"].startswith("private, no-store")
    assert response["Content-Type"] == "image/jpeg"
    assert lines(row) == [("Photo viewed", "boss")]

    client.logout()
    assert client.get(address).status_code == 302
    assert len(lines(row)) == 1


def test_the_page_of_a_registration_looks_at_no_photo_by_itself(client):
    row = factories.registration()
    photo = Photo.objects.create(registration=row, uploaded_at=clock.now(), state="accepted")
    address = reverse("admin:registration_photo", args=[photo.uuid])
    for page in (
        reverse("admin:registrations_registration_change", args=[row.pk]),
        reverse("admin:registrations_photo_change", args=[photo.pk]),
    ):
        shown = client.get(page).content.decode()
        assert f'href="{address}"' in shown
        assert f'src="{address}"' not in shown
    assert lines(row) == []


def test_a_photo_that_nothing_holds_is_not_found(client):
    photo = Photo.objects.create(registration=factories.registration(), uploaded_at=clock.now())
    address = reverse("admin:registration_photo", args=[photo.uuid])
    assert client.get(address).status_code == 404


def _form(client, row):
    address = reverse("admin:registrations_registration_change", args=[row.pk])
    form = client.get(address).context["adminform"].form
    return address, {name: form[name].value() or "" for name in form.fields}


def test_a_shirt_is_changed_with_a_reason_to_one_that_is_free(client):
    factories.registration(shirt_number=7)
    row = factories.registration()
    do = reverse("admin:registrations_registration_do", args=[row.pk, "change_shirt"])
    asked = client.post(do).content.decode()
    assert "1, 2, 3, 4, 5, 6, 8, 9" in asked and "Airtable" in asked
    press = {"confirmed": "1", "reason": "he grew", "number": "7"}
    said = client.post(do, press, follow=True).content.decode()
    assert "Shirt 7 is taken or held in U10 Lions." in said
    row.refresh_from_db()
    assert (row.shirt_number, lines(row)) == (None, [])

    client.post(do, press | {"number": "8"})
    client.post(do, press | {"number": "8"})
    row.refresh_from_db()
    assert row.shirt_number == 8
    assert lines(row) == [("Shirt 8 instead of none: he grew", "boss")]
    assert AirtableRow.objects.get().object_id == row.pk


def test_saving_keeps_what_is_encrypted_and_never_shown(client):
    row = factories.registration(has_medical_issues=True, medical_notes="asthma")
    address, values = _form(client, row)
    client.post(address, values | {"staff_notes": "rang on Monday", "status": "active"})
    row.refresh_from_db()
    assert (row.staff_notes, row.medical_notes) == ("rang on Monday", "asthma")
    assert row.status == "pending_payment"


@pytest.mark.parametrize(
    "typed",
    ["07700 900111", "+44 7700 900 111", "0044 7700900111", "(07700) 900-111", "00111"],
)
def test_a_phone_is_found_however_it_is_typed(client, typed):
    row = factories.registration(guardian=factories.guardian(phone="+447700900111"))
    other = factories.registration(guardian=factories.guardian(phone="+447700900222"))
    address = reverse("admin:registrations_registration_changelist")
    page = client.get(address, {"q": typed}).content.decode()
    assert row.player.full_name in page
    assert other.player.full_name not in page


@pytest.mark.parametrize("typed", ["M33 2AB", "m332ab", "Zofia Nowak", "nowak@example.org"])
def test_a_family_is_found_by_postcode_name_and_email(client, typed):
    guardian = factories.guardian(
        first_name="Zofia", last_name="Nowak", email="nowak@example.org", postcode="M33 2AB"
    )
    row = factories.registration(guardian=guardian)
    other = factories.registration()
    address = reverse("admin:registrations_registration_changelist")
    page = client.get(address, {"q": typed}).content.decode()
    assert row.player.full_name in page
    assert other.player.full_name not in page


def test_a_link_that_did_not_arrive_waits_for_staff_until_a_newer_one_is_asked_for(client):
    row = factories.registration()
    made = {"registration": row, "kind": "payment_link", "to": row.guardian.phone, "body": "Pay"}
    before = clock.now() - timedelta(hours=1)
    Sms.objects.create(status="undelivered", error="the phone is off", created_at=before, **made)
    address = reverse("admin:needs_a_person")
    assert "the phone is off" in client.get(address).content.decode()
    client.post(do(row, "resend_payment_sms"), {"confirmed": "1"})
    assert "the phone is off" not in client.get(address).content.decode()


def test_whoever_stops_before_the_payment_day_is_on_the_list_after_a_day(
    client, parent, move_clock
):
    parent.walk(29)
    address, words = reverse("admin:needs_a_person"), "no payment day was chosen"
    assert words not in client.get(address).content.decode()
    move_clock(timedelta(hours=25))
    assert words in client.get(address).content.decode()
    client.post(do(parent.registration, "resend_payment_sms"), {"confirmed": "1"})
    assert words not in client.get(address).content.decode()


def test_a_team_whose_code_nobody_could_type_is_refused(client):
    season = factories.season()
    address = reverse("admin:registrations_team_add")
    values = {"season": season.pk, "age_group": "u9", "state": "open"}
    page = client.post(address, values | {"name": "A&B!"}).content.decode()
    assert "No code can be made of this name" in page
    assert season.teams.count() == 0
    client.post(address, values | {"name": "Hawks"})
    assert season.teams.get().code_for_new_players == "200-hawks-u9-2627"
    page = client.get(reverse("admin:registrations_team_changelist")).content.decode()
    assert "200-hawks-u9-2627" in page


def test_correcting_an_address_is_noted_and_goes_to_airtable(client):
    row = factories.registration()
    address = reverse("admin:registrations_guardian_change", args=[row.guardian_id])
    form = client.get(address).context["adminform"].form
    values = {name: form[name].value() or "" for name in form.fields}
    assert "phone" not in values
    client.post(address, values | {"postcode": "M41 5AA"})
    row.guardian.refresh_from_db()
    assert row.guardian.postcode == "M41 5AA"
    assert lines(row) == [("Guardian corrected: postcode", "boss")]
    assert AirtableRow.objects.get().object_id == row.pk
