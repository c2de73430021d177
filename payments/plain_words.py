"""GoCardless's words for a payment, as the treasurer would say them (wire 4.4)."""

_STANDING = {
    "": "to be made",
    "pending_customer_approval": "waits for the payer's approval",
    "pending_submission": "made, goes to the bank soon",
    "submitted": "at the bank",
    "confirmed": "collected",
    "paid_out": "paid out to the club",
}
_LOST = {
    "failed": "the bank did not pay",
    "charged_back": "the payer's bank took the money back after it had been paid",
    "cancelled": "the payment was cancelled before it was taken",
    "customer_approval_denied": "the payer did not agree to the payment",
}
_TOO_LITTLE = "there was too little in the account"
_CAUSES = {
    "refer_to_payer": _TOO_LITTLE,
    "insufficient_funds": _TOO_LITTLE,
    "mandate_cancelled": "the payer cancelled the Direct Debit",
    "bank_account_closed": "the bank account is closed",
    "bank_account_transferred": "the account moved to another bank",
    "authorisation_disputed": "the payer says that it was never agreed",
    "invalid_bank_details": "the bank details are wrong",
    "direct_debit_not_enabled": "the account takes no Direct Debits",
    "bank_declined_payment": "the bank declined it",
    "daily_payment_limit_reached": "the payer's daily limit was reached",
    "initial_one_off_payment_failed": "the first payment did not go through",
}


_LINES = {
    "payment_paid_out": "payment",
    "gocardless_fee": "GoCardless's fee",
    "payment_refunded": "refund",
    "payment_charged_back": "taken back by the payer's bank",
    "payment_failed": "failed after it had been paid out",
}


def payout_line(kind: str) -> str:
    """What a line of a payout is."""
    return _LINES.get(kind, kind.replace("_", " "))


def standing(status: str, cause: str = "", *, retried: bool = False) -> str:
    """How a payment stands, and why where it was lost and GoCardless said so."""
    lost = _LOST.get(status)
    if lost is None:
        return _STANDING.get(status, status.replace("_", " "))
    why = _CAUSES.get(cause, "")
    again = "; GoCardless tries again by itself" if retried else ""
    return f"{lost}: {why}{again}" if why else f"{lost}{again}"
