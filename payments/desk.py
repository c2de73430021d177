"""The payment desk: what the conversation needs of payments (registrations/ports.py)."""

from django.conf import settings
from django.db import transaction

from integrations import clock
from payments import ledger
from payments.actions import (
    discounts,
    ending,
    merging,
    orders,
    proving,
    requests,
    reusing,
    season_end,
)
from payments.models import BillingRequest
from payments.schedule import months_between
from registrations.actions import states
from registrations.models import Registration, Season
from registrations.ports import Fees, Standing

_SUMMARIES = {
    (True, True): "The signing-on fee is settled and the monthly Direct Debit is set up.",
    (True, False): "The signing-on fee is settled; the monthly Direct Debit is still to be set up.",
    (False, True): "Monthly payment is set up; the signing-on fee has not been paid yet.",
    (False, False): "The signing-on fee has not been paid yet.",
}


class Desk:
    """Implements ports.PaymentDesk."""

    def fees(self, season_id: int) -> Fees:
        """What joining `season_id` today would cost: pence, and months left from this one on."""
        season = Season.objects.get(pk=season_id)
        first = max(season.first_month, clock.today().replace(day=1))
        months = months_between(first, season.last_month)
        return Fees(season.signing_on_fee_pence, season.monthly_fee_pence, months)

    @transaction.atomic
    def ask_for_payment(self, registration_id: int) -> None:
        """Store the billing request to be made; an open one is kept (domain 5.2)."""
        requests.owe(states.locked(registration_id), at=clock.now())

    def link(self, registration_id: int, *, sent_to: str = "") -> str:
        """The parent's own payment link, marked with the phone or address that it is sent to."""
        token = Registration.objects.values_list("token", flat=True).get(pk=registration_id)
        mark = f"?{proving.MARK}={proving.mark(token, sent_to)}" if sent_to else ""
        return f"{settings.PUBLIC_URL}/reg_setup/{token}{mark}"

    def status_link(self, registration_id: int) -> str:
        """The page behind the parent's link that shows how everything stands."""
        token = Registration.objects.values_list("token", flat=True).get(pk=registration_id)
        return f"{settings.PUBLIC_URL}/reg_setup/{token}/status"

    def standing(self, registration_id: int) -> Standing:
        """How payment of this registration stands, in words for a parent or staff."""
        registration = Registration.objects.get(pk=registration_id)
        settled = registration.fee_settled_at is not None
        arranged = registration.collection_arranged_at is not None
        summary = _SUMMARIES[settled, arranged]
        if not (settled and arranged) and self._at_the_bank(registration):
            summary = "The payment was authorised; we are waiting for the bank's word."
        return Standing(settled, arranged, self.link(registration_id), summary)

    def why_monthly(self, registration_id: int) -> str:
        """Why the monthly fee is what it is, in words for a parent or staff."""
        return discounts.why(Registration.objects.get(pk=registration_id))

    def price_again(self, registration_id: int) -> None:
        """Somebody paid or left: the monthly fees of the family are looked at again."""
        reusing.collect_if_ready(registration_id, at=clock.now())
        discounts.look_again(registration_id, at=clock.now())

    def end_collection(self, registration_id: int, *, reason: str, by: str) -> None:
        """The registration was cancelled: its Direct Debit and pending payments end."""
        registration = states.locked(registration_id)
        ending.leave(registration, reason=reason, by=by)

    def give_back(self, registration_id: int, *, pence: int, reason: str, by: str) -> None:
        """Refund so much of what was collected, newest first; in the caller's transaction."""
        orders.give_back(registration_id, pence=pence, reason=reason, by=by)

    def foresee_leaving(self, registration_id: int) -> list[tuple[str, str]]:
        """What cancelling would end, and what it would not, in lines for staff."""
        return ending.foresee(Registration.objects.get(pk=registration_id))

    def foresee_merging(self, gone_id: int, kept_id: int) -> list[tuple[str, str]]:
        """What becomes of the money, in lines for staff."""
        rows = Registration.objects.in_bulk([gone_id, kept_id])
        return merging.foresee(rows[gone_id], rows[kept_id])

    def merge(self, gone_id: int, kept_id: int) -> None:
        """The money of the one is the other's from now on."""
        rows = Registration.objects.in_bulk([gone_id, kept_id])
        merging.move(rows[gone_id], rows[kept_id], at=clock.now())

    def in_arrears(self, season_id: int) -> dict[int, int]:
        """What is outstanding today by registration, in pence; only those that owe something."""
        season, today = Season.objects.get(pk=season_id), clock.today()
        owed = ledger.arrears(ledger.entries(season, today=today), today=today)
        return {row.owner.registration: row.total for row in owed}

    def has_family_mandate(self, registration_id: int) -> bool:
        """Whether the parent's Direct Debit can be used again."""
        return reusing.family_mandate(Registration.objects.get(pk=registration_id)) is not None

    def use_family_mandate(self, registration_id: int) -> bool:
        """Collect by the Direct Debit that the parent has already, once the fee is settled."""
        return reusing.use_family_mandate(registration_id, at=clock.now())

    def debit_to_share(self, registration_id: int) -> list[tuple[str, int]] | None:
        """Whom the family's Direct Debit pays for, each with pence a month; None: there is none."""
        mandate = reusing.shareable(Registration.objects.get(pk=registration_id))
        return reusing.children_on(mandate) if mandate else None

    def share_debit(self, registration_id: int) -> bool:
        """Put this child on it too; the payer is told and may object."""
        return reusing.share(registration_id, at=clock.now())

    def end_season(self, season_id: int, *, by: str) -> None:
        """The season is over: so are its collections, once their last month has been collected."""
        season_end.end_season(Season.objects.get(pk=season_id), by=by)

    def keep_season(self, season_id: int) -> None:
        """The end of the season was taken back."""
        season_end.keep_season(season_id)

    def _at_the_bank(self, registration: Registration) -> bool:
        working = registration.billing_requests.filter(closed_at=None)
        return working.filter(status=BillingRequest.Status.FULFILLING).exists()
