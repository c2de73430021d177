"""What a registration looks like in the club's base (domain 4.2)."""

import json

from integrations import clock
from integrations.models import AirtableRow
from registrations.actions import states
from registrations.airtable import registration_row
from registrations.airtable_tables import RegistrationTable
from registrations.models import Registration, Team
from tests import factories


def test_every_field_is_written_as_the_base_writes_it(parent, settings):
    settings.PUBLIC_URL = "https://club.example"
    parent.walk(34, s33="12")
    made = parent.registration
    states.settle_fee(made.pk, at=clock.now())
    row = registration_row(made.pk)
    assert (row.table, row.sync_id) == ("registrations_2627", made.sync_id)
    expected = {
        "sync_id": str(made.sync_id),
        "player_first_name": "Sam",
        "player_last_name": "Ashworth",
        "player_dob": "14-05-2017",
        "player_gender": "Male",
        "parent_telephone": "07700900123",
        "parent_email": "anna.ashworth@example.org",
        "parent_dob": "01-02-1985",
        "parent_relationship_to_player": "Mother",
        "parent_post_code": "M41 0ZZ",
        "player_post_code": "M41 0ZZ",
        "player_town": "Urmston",
        "age_group": "u10",
        "team": "Lions",
        "season": "2627",
        "registration_type": "200",
        "registration_code": "200-lions-u10-2627",
        "player_has_any_medical_issues": "N",
        "communication_consent": "Y",
        "played_for_urmston_town_last_season": "N",
        "preferred_payment_day": 15,
        "signing_on_fee_amount": 45.0,
        "monthly_subscription_amount": 27.5,
        "signing_on_fee_paid": "Y",
        "mandate_authorised": "N",
        "subscription_activated": "N",
        "registration_status": "incomplete",
        "new_kit_required": "Y",
        "kit_type_required": "Goalkeeper",
        "kit_size": "9/10",
        "shirt_number": "12",
        "sms_delivery_status": "pending",
        "sep_subscription_payment_status": "",
        "interim_subscription_id": "",
        "payment_follow_up_count": 0,
        "id_photo_required": "Y",
    }
    assert {name: row.fields.get(name) for name in expected} == expected
    assert "conversation_history" not in row.fields
    assert "conversation_history" not in RegistrationTable().owners


def test_the_chat_is_written_there_where_the_club_wants_it_without_medical_answers(
    parent, settings
):
    settings.AIRTABLE_CONVERSATIONS = True
    parent.walk(29, s5=["yes, asthma", "blue inhaler in his bag", "yes"])
    history = registration_row(parent.registration.pk).fields["conversation_history"]
    said = json.loads(history)
    assert {line["role"] for line in said} == {"user", "assistant"}
    assert "inhaler" not in history
    # What is said after it was sent in goes there too, and our side keeps a digest only.
    AirtableRow.objects.update(due_at=None)
    parent.say("the 10th")
    assert AirtableRow.objects.get(kind="registration").due_at is not None
    assert "conversation_history" in RegistrationTable().secret


def test_a_waiting_child_has_no_status_and_a_double_no_row(parent):
    Team.objects.update(state=Team.State.FULL)
    parent.walk(35)
    made = parent.registration
    assert registration_row(made.pk).fields["registration_status"] == ""
    Registration.objects.filter(pk=made.pk).update(duplicate_of=factories.registration())
    assert registration_row(made.pk) is None
    assert registration_row(0) is None
