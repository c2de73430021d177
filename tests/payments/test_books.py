"""The treasurer's view: what is expected, asked, collected, failed, paid out and outstanding."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from openpyxl import load_workbook

from integrations import clock
from payments import ledger
from payments.models import (
    BillingRequest,
    Mandate,
    MonthlyCharge,
    Payment,
    Payout,
    PayoutItem,
    Refund,
)
from tests import factories

pytestmark = pytest.mark.django_db
BOOKS = reverse("admin:books")
ROWS = reverse("admin:books_rows")
ARREARS = reverse("admin:books_arrears")
NOTHING = dict.fromkeys(ledger.FIGURES, 0)
_numbers = count()


@pytest.fixture
def treasurer(client):
    user = User.objects.create_user("treasurer", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="see_books"))
    client.force_login(user)
    return user


def child(name="Sam", **given):
    given.setdefault("submitted_at", clock.now() - timedelta(days=30))
    parent = factories.guardian(phone="+447700900123")
    player = factories.player(family=parent.family, first_name=name)
    return factories.registration(guardian=parent, player=player, **given)


def payment(registration, pence, status, purpose="monthly"):
    mandate, _ = Mandate.objects.get_or_create(
        gocardless_id=f"MD{registration.pk}",
        defaults={"guardian": registration.guardian, "created_at": clock.now()},
    )
    return Payment.objects.create(
        registration=registration,
        mandate=mandate,
        purpose=purpose,
        gocardless_id=f"PM{next(_numbers)}",
        pence=pence,
        status=status,
        charge_on=date(2026, 9, 1),
        created_at=clock.now(),
    )


def fee(registration, status):
    BillingRequest.objects.create(
        registration=registration,
        pence=4500,
        gocardless_id=f"BRQ{next(_numbers)}",
        created_at=clock.now(),
    )
    return payment(registration, 4500, status, "signing_on_fee") if status else None


def month(registration, number, status=None, pence=2750, day=1):
    made = payment(registration, pence, status) if status else None
    return MonthlyCharge.objects.create(
        registration=registration,
        month=date(2026, number, 1),
        pence=pence,
        charge_on=date(2026, number, day),
        payment=made,
        status=status or "",
    )


def sums(by="month"):
    lines = ledger.entries(factories.season(), today=clock.today())
    return {group.key: group.sums for group in ledger.grouped(lines, by)}


def test_every_figure_of_a_child_is_told_apart_by_month():
    one = child()
    fee(one, "paid_out")
    month(one, 9, "confirmed")
    month(one, 10, "submitted")
    month(one, 11)
    assert sums() == {
        "2026-08": NOTHING | {"expected": 4500, "asked": 4500, "collected": 4500, "paid_out": 4500},
        "2026-09": NOTHING | {"expected": 2750, "asked": 2750, "collected": 2750},
        "2026-10": NOTHING | {"expected": 2750, "asked": 2750},
        "2026-11": NOTHING | {"expected": 2750},
    }


@pytest.mark.parametrize("status", ["failed", "charged_back", "cancelled"])
def test_what_failed_is_outstanding_once_it_was_due(status):
    one = child()
    fee(one, "confirmed")
    month(one, 9, status)
    september = sums()["2026-09"]
    expected = {"expected": 2750, "asked": 2750, "failed": 2750, "outstanding": 2750}
    assert september == NOTHING | expected


@pytest.mark.parametrize(
    ("status", "cause", "retried", "words"),
    [
        ("failed", "refer_to_payer", False, "did not pay: there was too little in the account"),
        ("failed", "insufficient_funds", True, "too little in the account; GoCardless tries again"),
        ("failed", "mandate_cancelled", False, "the payer cancelled the Direct Debit"),
        ("failed", "a_new_cause", False, "bank did not pay"),
        ("charged_back", "authorisation_disputed", False, "never agreed"),
    ],
)
def test_a_failure_is_told_with_its_cause(client, treasurer, status, cause, retried, words):
    one = child()
    month(one, 9, status)
    Payment.objects.update(cause=cause, will_retry=retried)
    page = client.get(ROWS, {"figure": "failed"}).content.decode()
    assert words in page
    assert "a_new_cause" not in page


def test_a_month_that_is_due_today_or_later_is_not_outstanding(set_clock):
    one = child()
    month(one, 9, day=8)
    assert sums()["2026-09"]["outstanding"] == 0
    set_clock(2026, 9, 9, 11)
    assert sums()["2026-09"]["outstanding"] == 2750


def test_an_unpaid_fee_is_outstanding_after_the_seasons_days():
    late = child(submitted_at=clock.now() - timedelta(days=8))
    child("Kim", submitted_at=clock.now() - timedelta(days=7))
    fee(late, None)
    total = ledger.total(
        ledger.grouped(ledger.entries(factories.season(), today=clock.today()), "month")
    )
    assert total == NOTHING | {"expected": 9000, "asked": 4500, "outstanding": 4500}


@pytest.mark.parametrize(
    ("given", "figures"),
    [
        ({"fee_settled_by": "waived"}, {}),
        (
            {"fee_settled_by": "by_hand"},
            {"expected": 4500, "asked": 4500, "collected": 4500},
        ),
    ],
)
def test_a_fee_by_hand_is_collected_and_a_waived_one_is_not_expected(given, figures):
    child(fee_settled_at=clock.now(), **given)
    assert list(sums().values()) in ([NOTHING | figures], [])


def test_who_left_or_waits_owes_nothing_and_what_they_paid_stays():
    child("Ana", cancelled_at=clock.now(), status="cancelled")
    child("Bo", waiting_since=clock.now(), status="waiting")
    left = child("Cy", cancelled_at=clock.now(), status="cancelled")
    fee(left, "paid_out")
    month(left, 9, "failed")
    month(left, 10)
    found = sums("child")
    assert list(found) == [str(left.pk)]
    assert found[str(left.pk)] == {
        "expected": 4500,
        "asked": 7250,
        "collected": 4500,
        "failed": 2750,
        "paid_out": 4500,
        "fees": 0,
        "outstanding": 0,
    }


def paid_out(*lines):
    """A payout of these lines: (kind, pence, payment)."""
    total = sum(pence for _, pence, _ in lines)
    payout = Payout.objects.create(
        gocardless_id=f"PO{next(_numbers)}",
        pence=int(total),
        fees_pence=133,
        created_at=clock.now(),
    )
    for position, (kind, pence, made) in enumerate(lines):
        PayoutItem.objects.create(
            payout=payout, position=position, kind=kind, pence=pence, payment=made
        )


def test_what_gocardless_kept_is_told_by_month_team_and_child(client, treasurer):
    one = child()
    first, second = fee(one, "paid_out"), month(one, 9, "paid_out").payment
    lost = payment(one, 2750, "failed")
    kept = ((first, "65.5"), (second, "47.5"), (lost, "20"))
    paid_out(
        *(("payment_paid_out", made.pence, made) for made, _ in kept),
        *(("gocardless_fee", -Decimal(pence), made) for made, pence in kept),
    )
    paid_out(("payment_failed", -2750, lost))
    assert [sums()[key]["fees"] for key in ("2026-08", "2026-09")] == [Decimal("65.5"), 67.5]
    for by, key in (("team", str(one.team_id)), ("child", str(one.pk))):
        assert sums(by)[key]["fees"] == 133
        shown = sums(by)[key]
        assert shown["paid_out"] - shown["fees"] == sum(p.pence for p in Payout.objects.all())
    client.force_login(User.objects.create_superuser("boss"))
    first_payout = reverse("admin:payments_payout_change", args=[Payout.objects.last().pk])
    shown = page(client, first_payout)
    for words in ("GoCardless&#x27;s fee", "£98.67", "£1.33", "signing-on fee"):
        assert words in shown
    assert "figure=fees" in page(client, BOOKS) and "£1.33" in page(client, BOOKS)
    assert "together <strong>£0.68</strong>" in page(client, ROWS, key="2026-09", figure="fees")


def test_a_refund_was_paid_out_until_a_payout_is_less_by_it():
    one = child()
    made = fee(one, "paid_out")
    for pence in (1000, 500):
        Refund.objects.create(
            gocardless_id=f"RF{pence}", payment=made, pence=pence, created_at=clock.now()
        )
    assert sums("child")[str(one.pk)]["paid_out"] == 4500
    paid_out(("payment_refunded", -1000, made))
    assert sums("child")[str(one.pk)]["paid_out"] == 3500
    paid_out(("payment_refunded", -500, made))
    total = sums("child")[str(one.pk)]
    assert (total["collected"], total["paid_out"]) == (3000, 3000)


def test_an_earlier_try_that_failed_is_shown_and_expected_only_once():
    one = child()
    payment(one, 2750, "failed")
    month(one, 9, "confirmed")
    assert sums()["2026-09"] == NOTHING | {
        "expected": 2750,
        "asked": 5500,
        "collected": 2750,
        "failed": 2750,
    }


def test_arrears_are_aged_by_their_due_date(set_clock):
    set_clock(2026, 12, 5, 11)
    one = child(submitted_at=clock.now() - timedelta(days=100))
    fee(one, "confirmed")
    for number in (9, 10, 11, 12):
        month(one, number)
    [owed] = ledger.arrears(
        ledger.entries(factories.season(), today=clock.today()), today=clock.today()
    )
    assert owed.pence == [2750, 2750, 2750, 2750]
    assert (owed.total, owed.oldest) == (11000, date(2026, 9, 1))


# --- the pages


def page(client, address, **query):
    return client.get(address, query).content.decode()


def test_every_number_leads_to_lines_that_add_up_to_it(client, treasurer):
    for name in ("Ana", "Bo"):
        one = child(name)
        fee(one, "confirmed")
        month(one, 9, "failed")
    table = page(client, BOOKS)
    assert "£145.00" in table
    assert "season=2627&amp;by=month&amp;key=2026-09&amp;figure=failed" in table
    lines = page(client, ROWS, season="2627", by="month", key="2026-09", figure="failed")
    assert "2 lines, together <strong>£55.00</strong>" in lines
    assert "Okafor, Ana" in lines and "Okafor, Bo" in lines
    assert "The bank did not pay" in lines
    for by in ("team", "child"):
        assert "£145.00" in page(client, BOOKS, by=by)
    owed = page(client, ARREARS)
    assert "2 children" in owed and "£55.00" in owed


def test_an_empty_season_has_empty_books(client, treasurer):
    factories.season()
    for address in (BOOKS, ROWS, ARREARS):
        assert client.get(address).status_code == 200


def test_downloads_hold_the_same_lines_and_run_nothing(client, treasurer):
    one = child("=cmd()")
    one.player.last_name = "=cmd()"
    one.player.save()
    fee(one, "confirmed")
    query = {"season": "2627", "by": "child", "key": one.pk, "figure": "collected"}
    answer = client.get(ROWS, query | {"format": "csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    header, line = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert header[:4] == ["Child", "Team", "For", "Due"]
    assert line[0] == "'=cmd(), =cmd()"
    assert line[2:7] == ["Signing-on fee", "2026-08-16", "45.00", "45.00", "45.00"]
    assert "07700 900123" in line
    sheet = load_workbook(io.BytesIO(client.get(ROWS, query | {"format": "xlsx"}).content)).active
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=cmd(), =cmd()", "s")
    assert sheet["G2"].value == 45
    for address in (BOOKS, ARREARS):
        for wanted in ("csv", "xlsx"):
            assert client.get(address, {"format": wanted}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"season": "9900"},
        {"by": "parent"},
        {"format": "pdf"},
        {"season": "\x00"},
    ],
)
def test_what_is_not_there_is_not_found(client, treasurer, query):
    factories.season()
    assert client.get(BOOKS, query).status_code == 404


def test_an_unknown_figure_is_not_found_and_an_unknown_page_is_the_last(client, treasurer):
    factories.season()
    assert client.get(ROWS, {"figure": "owner"}).status_code == 404
    assert client.get(BOOKS, {"page": "99"}).status_code == 200


def test_only_who_may_see_the_books_does(client):
    factories.season()
    user = User.objects.create_user("registrar", password="x", is_staff=True)
    for codename in ("view_payment", "view_registration"):
        user.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(user)
    for address in (BOOKS, ROWS, ARREARS):
        assert client.get(address).status_code == 403
    assert "Books" not in page(client, reverse("admin:index"))


def test_the_books_take_as_many_queries_for_many_as_for_one(
    client, treasurer, django_assert_max_num_queries
):
    for number in range(12):
        one = child(f"Sam{number}")
        fee(one, "confirmed")
        month(one, 9, "confirmed")
        payment(one, 100, "failed")
    with django_assert_max_num_queries(18):  # three of them keep the session alive
        page(client, BOOKS, by="child")
