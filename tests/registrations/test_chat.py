"""The conversation, through POST /chat."""

import pytest

from registrations.models import Consent, Draft, Family, Registration, Sms


def test_a_plain_parent_registers_a_child(parent):
    reply = parent.walk(34)
    assert "photo" in reply
    made = parent.registration
    assert made.status == "pending_payment"
    assert made.player.full_name == "Sam Ashworth"
    assert str(made.guardian.phone) == "+447700900123"
    assert made.guardian.email == "anna.ashworth@example.org"
    assert made.player.full_address == "12 Example Road, Urmston, Manchester, M41 0ZZ"
    assert (made.payment_day, made.kit_size, made.shirt_number) == (15, "9/10", 7)
    assert made.new_kit_required is True
    assert made.kit_type == "Outfield"
    assert made.billing_requests.count() == 1
    assert Sms.objects.filter(registration=made).count() == 1
