"""A small club base for the tests of the Airtable stand-in, and the official client to it."""

from pyairtable import Api, Table

CREATED = "2026-01-05T09:30:00.000Z"
CHOICES = [{"id": f"sel0000000000000{n}", "name": name} for n, name in enumerate("YN")]


def _field(number: int, name: str, kind: str, **options: object) -> dict:
    field = {"id": f"fld000000000000{number:02d}", "name": name, "type": kind}
    return field | ({"options": options} if options else {})


_ISO = {"name": "iso", "format": "YYYY-MM-DD"}
_STAMP = {
    "type": "dateTime",
    "options": {
        "dateFormat": _ISO,
        "timeFormat": {"name": "24hour", "format": "HH:mm"},
        "timeZone": "utc",
    },
}

REGISTRATIONS = {
    "id": "tbl00000000000REG",
    "name": "registrations_2627",
    "primaryFieldId": "fld00000000000001",
    "fields": [
        _field(1, "player_first_name", "singleLineText"),
        _field(2, "player_last_name", "singleLineText"),
        _field(
            3,
            "player_full_name",
            "formula",
            formula='{player_first_name}&" "&{player_last_name}',
            isValid=True,
            referencedFieldIds=["fld00000000000001", "fld00000000000002"],
            result={"type": "singleLineText"},
        ),
        _field(4, "sync_id", "singleLineText"),
        _field(5, "preferred_payment_day", "number", precision=0),
        _field(6, "signing_on_fee_paid", "singleSelect", choices=CHOICES),
        _field(7, "signing_on_fee_amount", "currency", precision=2, symbol="£"),
        _field(8, "subscription_start_date", "date", dateFormat=_ISO),
        _field(9, "sms_sent_at", "dateTime", **{**_STAMP["options"], "timeZone": "Europe/London"}),
        _field(10, "keen", "checkbox", icon="check", color="greenBright"),
        _field(11, "created", "createdTime", result=_STAMP),
        _field(
            12,
            "last_modified",
            "lastModifiedTime",
            isValid=True,
            referencedFieldIds=[],
            result=_STAMP,
        ),
        _field(
            13,
            "paid",
            "formula",
            formula="IF({signing_on_fee_paid}='Y', 'Y', 'N')",
            isValid=True,
            referencedFieldIds=["fld00000000000006"],
            result={"type": "singleLineText"},
        ),
        _field(14, "record_id", "formula", formula="RECORD_ID()", isValid=True,
               referencedFieldIds=[], result={"type": "singleLineText"}),
    ],
}  # fmt: skip


def record(number: int, **fields: object) -> dict:
    """A stored record; ids count up."""
    return {"id": f"rec{number:014d}", "createdTime": CREATED, "fields": fields}


def seed(sandbox, *records: dict, unlimited: bool = True) -> None:
    """Put the table and its records into the sandbox; no rate limit unless it is the subject."""
    sandbox.store.put("airtable.tables", REGISTRATIONS["id"], REGISTRATIONS)
    for one in records:
        sandbox.store.put(f"airtable.records.{REGISTRATIONS['id']}", one["id"], one)
    if unlimited:
        sandbox.store.put("airtable.settings", "limits", {"per_second": 0})


def api(sandbox, token: str = "") -> Api:
    """The official client, with its own retries off."""
    return Api(
        token or sandbox.config.airtable_pat,
        endpoint_url=f"{sandbox.url}/airtable",
        timeout=(2, 10),
        retry_strategy=None,
    )


def table(sandbox, name: str = "registrations_2627") -> Table:
    """The registrations table through the official client."""
    return api(sandbox).table(sandbox.config.airtable_base_id, name)


def stored(sandbox) -> list[dict]:
    """What the base holds now, past the API."""
    return sandbox.store.all(f"airtable.records.{REGISTRATIONS['id']}")
