"""What a parent is shown of one registration behind their own link: done, waited for, paid.

Of the child nothing but the first name; no address, no contact, nothing medical.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from integrations import clock
from payments import lines
from payments.actions import discounts
from payments.actions.fulfilment import LOST_PAYMENT
from payments.actions.mandates import living_mandate
from payments.actions.orders import late_months
from payments.models import MonthlyCharge, Payment, PaymentOrder
from payments.schedule import LAST_DAY
from registrations.actions import squads
from registrations.models import Photo, Registration
from registrations.wording import ordinal_day, pounds

_MONTH_WORDS = {
    "": "to come",
    "pending_submission": "to come",
    "pending_customer_approval": "to come",
    "submitted": "on its way",
    "confirmed": "paid",
    "paid_out": "paid",
    "failed": "not paid",
    "customer_approval_denied": "not paid",
    "cancelled": "cancelled",
    "charged_back": "taken back by your bank",
}
FeeSource = Registration.FeeSource


@dataclass(frozen=True)
class Item:
    """One thing that is done, or that is waited for: whose turn it is stands in the words."""

    done: bool
    words: str


@dataclass(frozen=True)
class Receipt:
    """That the signing-on fee was settled: how much, when, how."""

    amount: str
    on: date
    how: str
    reference: str


@dataclass(frozen=True)
class Month:
    """One month's collection."""

    month: date
    on: date | None
    amount: str
    words: str


@dataclass(frozen=True)
class Late:
    """Something that is due and has not been received."""

    what: str
    amount: str
    since: date


@dataclass(frozen=True)
class Standing:
    """Everything that the status page shows."""

    child: str
    team: str
    season: str
    state: str
    items: list[Item]
    receipt: Receipt | None
    months: list[Month]
    monthly: str
    # Why it is so much a month.
    why: str
    day: str
    owes: bool
    late: list[Late]
    # Whether the parent may let the bank be asked again for it.
    may_ask: bool


def standing(registration: Registration) -> Standing:
    """How one registration stands; reads only."""
    settled, arranged = registration.fee_settled_at, registration.collection_arranged_at
    live = not registration.cancelled_at
    owed = _owed(registration) if live else []
    return Standing(
        child=registration.player.first_name,
        team=str(registration.team),
        season=registration.season.label,
        state=_state(registration),
        items=_items(registration) if live else [],
        receipt=_receipt(registration),
        months=_months(registration) if live else [],
        monthly=pounds(registration.monthly_fee_pence),
        why=discounts.why(registration),
        day=_day(registration.payment_day) if registration.payment_day else "",
        owes=registration.asks_for_payment and not (settled and arranged),
        late=[Late(line.what, pounds(line.outstanding), line.due_on) for line in owed],
        may_ask=_may_ask(registration),
    )


def _day(chosen: int) -> str:
    """When the bank takes it: the last day of a month rolls back, any other on (wire 3.3)."""
    rolls = "the last working day before it" if chosen == LAST_DAY else "the next working day"
    return f"{ordinal_day(chosen)} or {rolls}"


def _owed(registration: Registration) -> list[lines.Entry]:
    found = lines.entries(registration.season, today=clock.today(), registration=registration.pk)
    return [line for line in found if line.outstanding]


def _may_ask(registration: Registration) -> bool:
    """By a living mandate, for a month that nobody asks for at this moment."""
    late = late_months(registration)
    if not late or living_mandate(registration) is None:
        return False
    asked = MonthlyCharge.objects.filter(registration=registration, month__in=late)
    return asked.exclude(payment__orders__in=PaymentOrder.objects.open()).exists()


def _state(registration: Registration) -> str:
    """One word that the page turns into a sentence."""
    if registration.duplicate_of_id:
        return "double"
    if registration.cancelled_at:
        return "cancelled"
    if registration.status == Registration.Status.SUSPENDED:
        return "suspended"
    if registration.trial_ends_at:
        return "trial"
    if registration.waiting_since:
        return "waiting"
    return "active" if registration.status == Registration.Status.ACTIVE else "open"


def _items(registration: Registration) -> list[Item]:
    items = [Item(True, "Your answers are with the club.")]
    if registration.trial_ends_at:
        return [*items, Item(False, "After the trial the coach and you decide together.")]
    if registration.waiting_since:
        return [*items, Item(False, _turn(registration))]
    return [*items, *_money(registration), *_things(registration)]


def _turn(registration: Registration) -> str:
    if registration.offers.open().exists():
        return "A place in the team: we have one for you! Please answer by the link we sent."
    turn = squads.turn_of(registration)
    return f"A place in the team: number {turn} on the list. We tell you as soon as there is one."


def _money(registration: Registration) -> list[Item]:
    fee, arranged = registration.fee_settled_at, registration.collection_arranged_at
    at_bank = registration.billing_requests.filter(closed_at=None, status="fulfilling").exists()
    if at_bank and not (fee and arranged):
        return [Item(False, "Payment: we are waiting for your bank's word.")]
    amount = pounds(registration.signing_on_fee_pence)
    asked = f"The signing-on fee of {amount}: please pay it through your link."
    debit = "The monthly Direct Debit: please set it up through your link."
    return [
        Item(bool(fee), "The signing-on fee is settled." if fee else asked),
        Item(bool(arranged), "The monthly payment is arranged." if arranged else debit),
    ]


def _things(registration: Registration) -> list[Item]:
    items = []
    if registration.new_kit_required is not False:
        chosen = bool(registration.kit_size and registration.shirt_number)
        kit = "Kit and shirt are chosen." if chosen else "Kit and shirt: please choose in the chat."
        items.append(Item(chosen, kit))
    photos = Photo.objects.filter(registration=registration)
    has = photos.filter(state=Photo.State.ACCEPTED).exists()
    photo = "We have the photo." if has else "A photo of your child: please send it in the chat."
    return [*items, Item(has, photo)]


def _receipt(registration: Registration) -> Receipt | None:
    if registration.fee_settled_at is None:
        return None
    on = clock.london(registration.fee_settled_at).date()
    fee = pounds(registration.signing_on_fee_pence)
    if registration.fee_settled_by == FeeSource.WAIVED:
        return Receipt(pounds(0), on, "the club does not ask for it", "")
    if registration.fee_settled_by == FeeSource.BY_HAND:
        return Receipt(fee, on, "received by the club", "")
    fees = Payment.objects.filter(
        registration=registration, purpose=Payment.Purpose.SIGNING_ON_FEE
    ).exclude(status__in=LOST_PAYMENT)
    paid = fees.first()
    if paid is None:
        return Receipt(fee, on, "paid through GoCardless", "")
    return Receipt(pounds(paid.pence), on, "paid through GoCardless", paid.gocardless_id)


def _months(registration: Registration) -> list[Month]:
    charges = MonthlyCharge.objects.filter(registration=registration).select_related("payment")
    return [_month(charge) for charge in charges.order_by("month")]


def _month(charge: MonthlyCharge) -> Month:
    payment = charge.payment
    on = payment.charge_on if payment and payment.charge_on else charge.charge_on
    words = _MONTH_WORDS.get(charge.status, "being looked at")
    if charge.status == "failed" and payment and payment.will_retry:
        words = "not paid yet: your bank is asked again"
    pence = payment.pence if payment else charge.pence
    return Month(charge.month, on, pounds(pence), words)
