"""Airtable's own refusals, in its own words and shapes (wire/airtable 1.9)."""

from typing import Any


class Refusal(Exception):
    """A request that Airtable would refuse: the HTTP status and the JSON body of its answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def _typed(status: int, kind: str, message: str) -> Refusal:
    return Refusal(status, {"error": {"type": kind, "message": message}})


def not_found() -> Refusal:
    """An unknown route or a malformed id."""
    return Refusal(404, {"error": "NOT_FOUND"})


def record_not_found() -> Refusal:
    """A single record that is not there."""
    return _typed(404, "MODEL_ID_NOT_FOUND", "Record not found")


def unauthenticated() -> Refusal:
    """No token, or a wrong one."""
    return _typed(401, "AUTHENTICATION_REQUIRED", "Authentication required")


def no_such_model() -> Refusal:
    """A base or table that is unknown or not granted to the token."""
    return _typed(
        403,
        "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
        "Invalid permissions, or the requested model was not found. Check that both your user "
        "and your token have the required permissions, and that the model names and/or ids are "
        "correct.",
    )


def not_permitted() -> Refusal:
    """The token lacks a scope."""
    message = "You are not permitted to perform this operation"
    return _typed(403, "INVALID_PERMISSIONS", message)


def unparsable() -> Refusal:
    """A body that is not a JSON object."""
    return _typed(422, "INVALID_REQUEST_BODY", "Could not parse request body")


def invalid_request(detail: str = "") -> Refusal:
    """A parameter or body key that Airtable does not take."""
    message = "Invalid request: parameter validation failed. Check your request data."
    return _typed(422, "INVALID_REQUEST_UNKNOWN", f"{message} {detail}".strip())


def invalid_records(*, with_ids: bool) -> Refusal:
    """No record, more than ten, or records of the wrong shape."""
    ids = 'an "id" ID field and ' if with_ids else ""
    return _typed(
        422,
        "INVALID_RECORDS",
        f"You must provide an array of up to 10 record objects, each with {ids}"
        'a "fields" object for cell values.',
    )


def ambiguous_merge() -> Refusal:
    """An upsert whose key matches more than one record; the real wording is not known."""
    return _typed(422, "INVALID_RECORDS", "Cannot upsert: more than one record matches.")


def unknown_field(name: Any) -> Refusal:
    """A field name or id that the table does not have."""
    return _typed(422, "UNKNOWN_FIELD_NAME", f'Unknown field name: "{name}"')


def bad_value(name: str) -> Refusal:
    """A value of the wrong type for its field."""
    message = f'Field "{name}" cannot accept the provided value'
    return _typed(422, "INVALID_VALUE_FOR_COLUMN", message)


def computed_field(name: str) -> Refusal:
    """A write to a field that Airtable works out itself."""
    message = f'Field "{name}" cannot accept a value because the field is computed'
    return _typed(422, "INVALID_VALUE_FOR_COLUMN", message)


def unknown_choice(choice: str) -> Refusal:
    """A select option that does not exist, without `typecast`; the quotes are doubled there too."""
    message = f'Insufficient permissions to create new select option ""{choice}""'
    return _typed(422, "INVALID_MULTIPLE_CHOICE_OPTIONS", message)


def row_does_not_exist(record_id: str) -> Refusal:
    """An unknown record id in a batch."""
    message = f"Record ID {record_id} does not exist in this table"
    return _typed(422, "ROW_DOES_NOT_EXIST", message)


def invalid_formula(problem: str) -> Refusal:
    """A filterByFormula that does not read, or names fields that are not there."""
    message = f"The formula for filtering records is invalid: {problem}"
    return _typed(422, "INVALID_FILTER_BY_FORMULA", message)


def invalid_offset(offset: str) -> Refusal:
    """An offset that is no iterator of ours."""
    return _typed(422, "INVALID_OFFSET_VALUE", f"The value of offset {offset} is invalid")


def iterator_gone() -> Refusal:
    """An iterator that was forgotten: start again from the first page."""
    return _typed(
        422,
        "LIST_RECORDS_ITERATOR_NOT_AVAILABLE",
        "The list records iterator is no longer available; start again without an offset.",
    )


def view_not_found(view: str) -> Refusal:
    """A view that the table does not have, by name or id."""
    kind = "VIEW_ID_NOT_FOUND" if view.startswith("viw") and len(view) == 17 else None
    return _typed(422, kind or "VIEW_NAME_NOT_FOUND", f"View {view} not found")


def uncreatable(kind: str) -> Refusal:
    """A field type that cannot be made through the API."""
    message = f"Creating {kind} fields is not supported at this time"
    return _typed(422, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE", message)


def duplicate_name(name: str) -> Refusal:
    """A table or field whose name is taken, letter case aside."""
    return _typed(422, "DUPLICATE_OR_EMPTY_FIELD_NAME", f'The name "{name}" is empty or taken')


def rate_limited() -> Refusal:
    """More than five requests a second to one base."""
    return _typed(429, "RATE_LIMIT_REACHED", "Rate limit exceeded. Please try again later")


def rate_limited_in_a_list() -> Refusal:
    """The same in the shape that was seen in the wild."""
    message = "Rate limit exceeded. Please try again later"
    return Refusal(429, {"errors": [{"error": "RATE_LIMIT_REACHED", "message": message}]})


def quota_spent() -> Refusal:
    """The month's requests are used up; waiting half a minute does not help."""
    message = (
        "API billing plan limit exceeded. You've reached the maximum number of requests allowed "
        "for this month."
    )
    return _typed(429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED", message)


def server_error() -> Refusal:
    """500: the write may have happened."""
    return _typed(500, "SERVER_ERROR", "Unexpected error. Please try again later")


def unavailable() -> Refusal:
    """503: said to be safe to retry."""
    return _typed(503, "RETRIABLE_ERROR", "The server could not process your request in time")


def too_many_webhooks() -> Refusal:
    """An eleventh webhook on one base; the real type is not known."""
    return _typed(422, "TOO_MANY_WEBHOOKS", "A base may have at most 10 webhooks")
