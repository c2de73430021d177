"""The list of actions that a billing request still needs (wire/gocardless_twilio 2.2)."""

_REQUIRED_FIELDS = {
    "customer": ("email", "given_name", "family_name"),
    "customer_billing_detail": ("address_line1", "city", "postal_code", "country_code"),
}


def missing_fields(request: dict) -> dict[str, list[str]]:
    """The payer's details that are still empty, by resource."""
    return {
        part: [name for name in names if not request["resources"][part].get(name)]
        for part, names in _REQUIRED_FIELDS.items()
    }


def action_list(request: dict) -> list[dict]:
    """All actions of an open request; those that were completed stay completed."""
    done = {one["type"] for one in request["actions"] if one["status"] == "completed"}
    done.add("choose_currency")
    actions = [
        _action("choose_currency", done, available_currencies=["GBP"]),
        _action(
            "collect_customer_details",
            done,
            requires=["choose_currency"],
            collect_customer_details={
                "default_country_code": "GB",
                "incomplete_fields": missing_fields(request),
            },
        ),
        _action(
            "collect_bank_account",
            done,
            completes=["choose_currency"],
            requires=["collect_customer_details"],
            available_country_codes=["GB"],
        ),
        _action(
            "confirm_payer_details",
            done,
            requires=["collect_customer_details", "collect_bank_account"],
        ),
    ]
    if request["payment_request"] is not None:
        actions.append(_action("bank_authorisation", done, requires=["confirm_payer_details"]))
    return actions


def complete(request: dict, type: str) -> None:
    """Mark one action as completed."""
    for one in request["actions"]:
        if one["type"] == type:
            one["status"] = "completed"


def _action(
    type: str,
    done: set[str],
    *,
    completes: list[str] | None = None,
    requires: list[str] | None = None,
    **rest: object,
) -> dict:
    return {
        "type": type,
        "required": True,
        "completes_actions": completes or [],
        "requires_actions": requires or [],
        "status": "completed" if type in done else "pending",
        **rest,
    }
