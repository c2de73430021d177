"""The main job, end to end: from a registration code to an active player.

Knows the existing frontend's HTTP contract and the vendors' own APIs, nothing else.
By hand, against a running demo: `python -m tests.journeys.first_light var/demo.json`.
"""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pillow_heif
from PIL import Image

from tests.journeys.frontend import Frontend, eventually, link_in, pay
from tests.journeys.vendors import Vendors

LAST_STEP = 35


@dataclass(frozen=True)
class Script:
    """What one parent types, by step; a list is worked through in turn."""

    name: str
    phone: str
    child: str
    answers: dict[int, str | list[str]]
    photo: tuple[str, str]
    row: dict[str, object]


PLAIN = Script(
    name="plain answers",
    phone="+447700900701",
    child="Sam Ashworth",
    answers={
        1: "Anna Ashworth",
        2: "Sam Ashworth",
        3: "14/05/2017",
        4: "Male",
        5: "No",
        6: "No",
        7: "Mother",
        8: "07700900701",
        9: "anna.ashworth@example.org",
        10: "Yes",
        11: "01/02/1985",
        12: "M41 0ZZ",
        13: "12",
        14: "12 Example Road, Urmston, Manchester, M41 0ZZ",
        15: "Yes",
        16: "Yes",
        25: "yes",
        26: "skip",
        28: "Yes",
        29: "15",
        30: "Yes",
        32: "9/10",
        33: [str(number) for number in range(25, 1, -1)],
    },
    photo=("sam.jpg", "JPEG"),
    row={
        "player_first_name": "Sam",
        "player_last_name": "Ashworth",
        "player_dob": "14-05-2017",
        "player_gender": "Male",
        "player_has_any_medical_issues": "N",
        "parent_first_name": "Anna",
        "parent_last_name": "Ashworth",
        "parent_dob": "01-02-1985",
        "parent_relationship_to_player": "Mother",
        "parent_telephone": "07700900701",
        "parent_email": "anna.ashworth@example.org",
        "parent_post_code": "M41 0ZZ",
        "parent_house_number": "12",
        "player_post_code": "M41 0ZZ",
        "communication_consent": "Y",
        "played_for_urmston_town_last_season": "N",
        "registration_type": "200",
        "team": "Lions",
        "age_group": "u10",
        "preferred_payment_day": 15,
        "new_kit_required": "Y",
        "kit_type_required": "Outfield",
        "kit_size": "9/10",
    },
)

ODD = Script(
    name="odd answers",
    phone="+447700900702",
    child="Zoë O'Neil-Kowalska",
    answers={
        1: ["hello", "my name is Siân O’Neil-Kowalska"],
        2: ["Zoë", "ZOË O’NEIL-KOWALSKA"],
        3: ["31/02/2017", "3rd of March 2017"],
        4: ["what?", "a girl"],
        5: ["not sure", "yes she has asthma and uses an inhaler", "inhaler in her kit bag"],
        6: "nope, she played for Flixton Juniors",
        7: "I'm her mum",
        8: ["0161 496 0000", "+44 (0) 7700 900-702"],
        9: ["nonsense", " Sian@Example.ORG "],
        10: "no thanks",
        11: ["in 1850", "4 July '84"],
        12: ["nowhere", "m41 oaa"],
        13: "Flat 2",
        14: "Flat 2, 7 Example Avenue, Urmston, Manchester, M41 0AA",
        15: "yes that's right",
        16: "she lives with me",
        25: "only the squad list",
        26: "Bob Kowalski 07700 900703",
        28: ["her birthday is 4 March 2017", "yes all good"],
        29: ["31", "last day of the month"],
        30: "yep got it",
        32: ["enormous", "9 to 10"],
        33: ["99", *(str(number) for number in range(24, 1, -1))],
    },
    photo=("zoe.heic", "HEIF"),
    row={
        "player_first_name": "Zoë",
        "player_last_name": "O'Neil-Kowalska",
        "player_dob": "04-03-2017",
        "player_gender": "Female",
        "player_has_any_medical_issues": "Y",
        "parent_first_name": "Siân",
        "parent_last_name": "O'Neil-Kowalska",
        "parent_dob": "04-07-1984",
        "parent_relationship_to_player": "Mother",
        "parent_telephone": "07700900702",
        "parent_email": "sian@example.org",
        "parent_post_code": "M41 0AA",
        "communication_consent": "N",
        "played_for_urmston_town_last_season": "N",
        "previous_team_name": "Flixton Juniors",
        "preferred_payment_day": -1,
        "new_kit_required": "Y",
        "kit_size": "9/10",
    },
)


def picture(format: str) -> bytes:
    """A small photo in one of the accepted formats."""
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    Image.new("RGB", (640, 800), (40, 90, 160)).save(out, format=format)
    return out.getvalue()


def converse(parent: Frontend, code: str, script: Script) -> None:
    """From the code to the question for a photo, answering whatever step the platform names."""
    waiting = {
        step: list(reversed(given)) if isinstance(given, list) else [given]
        for step, given in script.answers.items()
    }
    parent.say(code)
    for _ in range(100):
        step = parent.routine_number
        if step == 34:
            return
        left = waiting.get(step) or []
        assert left, f"stuck at step {step}: {parent.replies[-2:]}"
        parent.say(left.pop() if len(left) > 1 else left[0])
    raise AssertionError(f"no end after 100 turns: {parent.replies[-2:]}")


def register(web: str, vendors: Vendors, code: str, script: Script, season: str) -> dict:
    """The whole registration; returns its Airtable fields and GoCardless objects."""
    parent = Frontend(web)
    converse(parent, code, script)
    link = link_in(eventually(lambda: vendors.texts(script.phone), "the payment link")[0])
    paid = pay(link)
    assert paid.status_code == 200, (paid.status_code, paid.text[:300])
    mime = "image/heic" if script.photo[1] == "HEIF" else "image/jpeg"
    parent.upload(script.photo[0], picture(script.photo[1]), mime)
    assert parent.routine_number == LAST_STEP, parent.replies[-1]

    table = f"registrations_{season}"
    phone = f"0{script.phone[3:]}"

    def finished() -> dict | None:
        rows = vendors.rows(table, parent_telephone=phone)
        done = [r for r in rows if r["fields"].get("registration_status") == "active"]
        ready = done and done[0]["fields"].get("id_image_link")
        settled = done and done[0]["fields"].get("subscription_activated") == "Y"
        return {"rows": rows} if ready and settled else None

    # Airtable allows five requests a second in all, and the platform needs its share.
    end = eventually(finished, f"an active row of {script.name}", every=1.0)
    eventually(lambda: len(vendors.texts(script.phone)) >= 2, "the confirmation")
    end["fields"] = end["rows"][0]["fields"]
    end["texts"] = vendors.texts(script.phone)
    return end | vendors.of_registration(end["fields"]["sync_id"])


def check(end: dict, script: Script) -> None:
    """One of everything, two texts, every field of the row right."""
    for what, number in {"rows": 1, "billing_requests": 1, "mandates": 1, "texts": 2}.items():
        assert len(end[what]) == number, (what, end[what])
    assert len(end["subscriptions"]) == 1, end["subscriptions"]
    wrong = {
        name: (end["fields"].get(name), value)
        for name, value in script.row.items()
        if end["fields"].get(name) != value
    }
    assert not wrong, wrong
    subscription = end["subscriptions"][0]
    assert subscription["amount"] == 2750
    assert subscription["day_of_month"] == script.row["preferred_payment_day"]
    request = end["billing_requests"][0]
    assert request["payment_request"]["amount"] == 4500
    assert script.child.split()[0] not in json.dumps(request["metadata"])


def main() -> None:
    """Play both scripts against the demo that `make run` started."""
    demo = json.loads(Path(sys.argv[1]).read_text())
    vendors = Vendors(demo["sandbox"])
    code = next(c for c in demo["codes"] if "lions-u10" in c.lower())
    season = code.split("-")[3]
    for script in (PLAIN, ODD):
        end = register(demo["urls"]["web"], vendors, code, script, season)
        check(end, script)
        start = end["subscriptions"][0]["start_date"]
        sys.stdout.write(f"{script.name}: active, subscription from {start}\n")


if __name__ == "__main__":
    main()
