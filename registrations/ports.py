"""What the conversation needs of payments; bound by name in settings.PAYMENT_DESK."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Fees:
    """What a season costs, in pence, and for how many months from now on."""

    signing_on_fee_pence: int
    monthly_fee_pence: int
    months: int


@dataclass(frozen=True)
class Standing:
    """How payment stands, in words for a parent or staff; all amounts in pence."""

    fee_settled: bool
    collection_arranged: bool
    link: str
    summary: str


class PaymentDesk(Protocol):
    """Implemented by payments/desk.py."""

    def fees(self, season_id: int) -> Fees:
        """What joining `season_id` today would cost."""

    def ask_for_payment(self, registration_id: int) -> None:
        """Store a billing request to be made; call inside the caller's transaction."""

    def link(self, registration_id: int, *, sent_to: str = "") -> str:
        """The parent's own payment link (PUBLIC_URL/reg_setup/<token>).

        With `sent_to` (a phone or an e-mail address) it tells, when opened, that it was sent there.
        """

    def status_link(self, registration_id: int) -> str:
        """The page behind the parent's link that shows how everything stands."""

    def standing(self, registration_id: int) -> Standing:
        """How payment of this registration stands."""

    def why_monthly(self, registration_id: int) -> str:
        """Why the monthly fee is what it is, in words for a parent or staff."""

    def price_again(self, registration_id: int) -> None:
        """Facts that prices hang on have changed; call inside the caller's transaction."""

    def end_collection(self, registration_id: int, *, reason: str, by: str) -> None:
        """The registration was cancelled: collect no more; in the caller's transaction."""

    def give_back(self, registration_id: int, *, pence: int, reason: str, by: str) -> None:
        """Refund so much of what was collected, newest first; ValidationError where it cannot be.

        Call inside the caller's transaction.
        """

    def foresee_leaving(self, registration_id: int) -> list[tuple[str, str]]:
        """What cancelling would end, in lines (label, words) for staff."""

    def foresee_merging(self, gone_id: int, kept_id: int) -> list[tuple[str, str]]:
        """What becomes of the money of one that is merged into another, in lines for staff."""

    def merge(self, gone_id: int, kept_id: int) -> None:
        """The money of the one is the other's; in the caller's transaction, which has locked both.

        A Direct Debit of the one that goes which is not wanted ends as the registration does.
        """

    def in_arrears(self, season_id: int) -> dict[int, int]:
        """Pence outstanding today by registration; only those that owe something."""

    def has_family_mandate(self, registration_id: int) -> bool:
        """Whether the parent's Direct Debit can be used again."""

    def use_family_mandate(self, registration_id: int) -> bool:
        """Arrange collection by the parent's living mandate; in the caller's transaction."""

    def debit_to_share(self, registration_id: int) -> list[tuple[str, int]] | None:
        """Whom the family's Direct Debit pays for: (first name, pence a month); None without one.

        Only for whoever has just proved the phone of this registration.
        """

    def share_debit(self, registration_id: int) -> bool:
        """Put this child on it too, and tell the payer; in the caller's transaction."""

    def end_season(self, season_id: int, *, by: str) -> None:
        """The season's collections end with its last month; in the caller's transaction."""

    def keep_season(self, season_id: int) -> None:
        """Take `end_season` back; in the caller's transaction."""


@lru_cache(maxsize=1)
def desk() -> PaymentDesk:
    """The payment desk that settings name."""
    return import_string(settings.PAYMENT_DESK)()
