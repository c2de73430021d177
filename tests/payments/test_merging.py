"""Two registrations of one child are merged: nothing of the one that goes is lost."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from integrations import clock
from integrations.models import AirtableRow, AuditEntry
from payments import ledger
from payments.actions import collecting, ending, repricing
from payments.models import HandPayment, MonthlyCharge, Payment, SiblingCase
from registrations.actions import merging, messages, states, sync
from registrations.models import Consent, Photo, Registration
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("boss"))
    return client


def pair(**given):
    """The same child sent in twice, by each parent: (the one that goes, the one that stays)."""
    kept = factories.registration(payment_day=15)
    born = {"first_name": kept.player.first_name, "last_name": "Okafor", "dob": kept.player.dob}
    father = factories.guardian(first_name="Chidi")
    child = factories.player(family=father.family, **born)
    return factories.registration(guardian=father, player=child, payment_day=15, **given), kept


def press(office, gone, kept, reason="sent in by both parents"):
    address = reverse("admin:registration_merge", args=[gone.pk])
    return office.post(f"{address}?into={kept.pk}", {"reason": reason}, follow=True)


def collected(bank, row):
    """Pay, and let the subscription be made."""
    bank.ask(row)
    bank.pay(row)
    bank.deliver()
    collecting.collect_due()


def live(bank):
    return [each for each in bank.made("subscriptions") if each["status"] == "active"]


def test_what_is_paid_and_collected_goes_to_the_one_that_stays(bank, office):
    gone, kept = pair(shirt_number=7, has_medical_issues=True, medical_notes="asthma")
    collected(bank, gone)
    bank.ask(kept)
    messages.queue_payment_link(gone, at=clock.now())
    messages.queue_payment_link(kept, at=clock.now())
    Photo.objects.create(registration=gone, state="accepted", uploaded_at=clock.now())
    no = {"kind": "club_messages", "wording": "1", "given": False, "decided_at": clock.now()}
    Consent.objects.create(registration=gone, **no)
    sync.touch(gone)

    page = office.get(reverse("admin:registration_merge", args=[gone.pk]))
    assert [row.pk for row in page.context["found"]] == [kept.pk]
    address = reverse("admin:registration_merge", args=[gone.pk])
    said = office.get(f"{address}?into={kept.pk}").content.decode()
    for words in (
        "£45.00 through GoCardless (1)",
        "£27.50 a month runs on, for the one that stays",
        "counts for the one that stays",
        "medical notes, Chidi Okafor as second guardian, shirt 7",
        "the row of the one that goes is deleted",
    ):
        assert words in said
    assert gone.payments.exists()  # nothing is done by looking

    press(office, gone, kept)
    press(office, gone, kept)
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert (gone.status, gone.duplicate_of, gone.shirt_number) == ("cancelled", kept, 7)
    assert (kept.status, kept.shirt_number, kept.medical_notes) == ("active", 7, "asthma")
    assert kept.second_guardian == gone.guardian
    assert kept.fee_settled_by == "paid" and kept.collection_arranged_by == "mandate"
    assert not gone.payments.exists() and not gone.subscriptions.exists()
    assert kept.payments.get().purpose == "signing_on_fee"
    assert kept.photos.count() == kept.consents.count() == 1
    texts = kept.sms.order_by("resend").values_list("kind", "resend", "status")
    assert list(texts.filter(kind="payment_link")) == [
        ("payment_link", 0, "pending"),
        ("payment_link", 1, "failed"),
    ]
    assert AirtableRow.objects.get(object_id=gone.pk, kind="registration").gone_at is not None
    told = " ".join(kept.timeline.values_list("text", flat=True))
    assert "merged into this one: sent in by both parents; taken over: medical notes" in told
    told = " ".join(gone.timeline.values_list("text", flat=True))
    assert f"Merged into registration {kept.pk}" in told
    assert AuditEntry.objects.filter(words__startswith="Merged into", object_id=gone.pk).exists()

    # The bank goes on with one collection, and its events find the registration that stays.
    ending.end_due()
    assert len(live(bank)) == 1
    payment = kept.payments.get()
    assert Payment.objects.count() == 1 and payment.registration == kept
    lines = ledger.entries(kept.season, today=clock.today())
    fees = [line for line in lines if line.what == "Signing-on fee"]
    assert [(line.owner.registration, line.collected) for line in fees] == [(kept.pk, 4500)]
    assert {line.owner.registration for line in lines} == {kept.pk}


def test_of_two_direct_debits_one_is_ended_and_what_it_had_collected_follows(
    bank, office, set_clock
):
    gone, kept = pair()
    collected(bank, kept)
    collected(bank, gone)
    assert len(live(bank)) == 2
    assert "27.50 a month is ended" in str(merging.foresee(gone, kept))
    press(office, gone, kept)
    plan = gone.subscriptions.get()  # it stays until the bank's side has ended
    ending.end_due()
    plan.refresh_from_db()
    assert (plan.status, plan.registration) == ("cancelled", kept)
    assert len(live(bank)) == 1
    assert not MonthlyCharge.objects.filter(registration=gone).exists()
    assert kept.monthly_charges.count() == 9
    kept.refresh_from_db()
    assert kept.flags == ["the signing-on fee was settled on both registrations: give one back?"]
    fee = [line for line in ledger.entries(kept.season, today=clock.today()) if not line.is_month]
    assert [(line.expected, line.asked) for line in fee] == [(4500, 9000)]
    repricing.price_due()
    assert kept.monthly_fee_pence == 2750  # no child is its own brother


def test_money_by_hand_months_and_decisions_follow_without_counting_twice(office):
    gone, kept = pair()
    boss = {"recorded_at": clock.now(), "received_on": date(2026, 9, 1), "method": "cash"}
    fee = boss | {"purpose": "signing_on_fee", "month": date(2026, 9, 1), "pence": 4500}
    HandPayment.objects.create(registration=kept, **fee)
    HandPayment.objects.create(registration=gone, **fee)
    HandPayment.objects.create(registration=gone, **fee | {"pence": 500, "reference": "more"})
    for row in (gone, kept):
        MonthlyCharge.objects.create(registration=row, month=date(2026, 9, 1), pence=2750)
    late = gone.payments.create(
        purpose="monthly",
        pence=2750,
        status="confirmed",
        gocardless_id="PM1",
        created_at=clock.now(),
    )
    gone.monthly_charges.update(payment=late)
    brother = factories.registration()
    low, high = sorted((gone, brother), key=lambda row: row.pk)
    SiblingCase.objects.create(one=low, other=high, standing="approved", opened_at=clock.now())
    states.suspend(gone.pk, reason="no photo", at=clock.now())

    press(office, gone, kept)
    kept.refresh_from_db()
    assert kept.status == "suspended"
    assert kept.monthly_charges.get().payment == late
    kinds = HandPayment.objects.filter(registration=kept).order_by("pence")
    assert [(row.pence, bool(row.undone_at)) for row in kinds] == [
        (500, False), (4500, False), (4500, True),
    ]  # fmt: skip
    case = SiblingCase.objects.get()
    assert {case.one_id, case.other_id} == {kept.pk, brother.pk} and case.standing == "approved"


@pytest.mark.parametrize("why", ["season", "cancelled", "itself", "closed"])
def test_what_cannot_be_merged_is_left_alone(office, why):
    gone, kept = pair()
    if why == "season":
        other = factories.team(season=factories.season(code="2728"))
        Registration.objects.filter(pk=kept.pk).update(team=other, season=other.season)
    elif why == "cancelled":
        states.cancel(kept.pk, reason="left", at=clock.now())
    elif why == "itself":
        kept = gone
    else:
        type(gone.season).objects.update(closed_at=clock.now() - timedelta(days=1))
    press(office, gone, kept)
    gone.refresh_from_db()
    assert (gone.cancelled_at, gone.duplicate_of) == (None, None)
