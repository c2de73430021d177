"""Google Places, both generations, over a socket."""

import re
from datetime import timedelta

import pytest

from integrations import places
from integrations.errors import Blocked, Rejected, Unavailable
from integrations.models import ServiceCall, ServiceState
from integrations.sandbox import faults

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["new", "legacy"])
def generation(request, settings) -> str:
    """Each of Google's two APIs."""
    settings.GOOGLE_PLACES_API = request.param
    return request.param


def asked(sandbox) -> int:
    """How many requests Places had."""
    return sum((sandbox.store.get("requests", "places") or {}).values())


def place(**changes: object) -> dict:
    """A place of the new API: 11 Example Road, with components changed or left out."""
    parts = {
        "street_number": "11",
        "route": "Example Road",
        "locality": "Flixton",
        "postal_town": "Manchester",
        "administrative_area_level_2": "Greater Manchester",
        "country": "United Kingdom",
        "postal_code": "M41 0AA",
    } | changes
    code = "GB" if parts["country"] == "United Kingdom" else "FR"
    components = [
        {"longText": text, "shortText": code if kind == "country" else text, "types": [kind]}
        for kind, text in parts.items()
        if text
    ]
    return {"id": "ChIJ1", "formattedAddress": "x", "addressComponents": components}


def test_a_known_door_is_found_by_either_generation(sandbox, generation):
    found = places.find("M41 0AA", "12")
    assert found == places.Found(
        house_number="12",
        line_1="12 Sandpiper Road",
        town="Urmston",
        city="Manchester",
        postcode="M41 0AA",
        full_address="12 Sandpiper Road, Urmston, Manchester M41 0AA",
        score=1.0,
        confidence="High",
    )


def test_an_unknown_door_in_a_known_street_is_still_a_suggestion(sandbox, generation):
    found = places.find("M41 0AA", "999")
    assert (found.line_1, found.score) == ("999 Sandpiper Road", 0.77)


def test_an_unknown_postcode_finds_nothing(sandbox, generation):
    assert places.find("ZE1 0AA", "1") is None


def test_the_same_question_is_asked_once_in_thirty_days(sandbox, settings):
    first = places.find("M41 0AA", "12")
    assert places.find("m41 0aa", " 12 ") == first
    assert asked(sandbox) == 1
    places.find("M41 0AA", "14")
    assert asked(sandbox) == 2


def test_nothing_found_is_remembered_too(sandbox):
    assert places.find("ZE1 0AA", "1") is None
    assert places.find("ZE1 0AA", "1") is None
    assert asked(sandbox) == 1
    assert places.KEPT == timedelta(days=30)


def test_what_is_remembered_names_no_postcode(sandbox):
    key = places._cache_key("M41 0AA", "12")
    assert re.fullmatch(r"places:[0-9a-f]{64}", key)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"places": []},
        {"places": [place(postal_code="M41 0AB")]},
        {"places": [place(country="France")]},
        {"places": [place(route="")]},
        {"places": [{"id": "x"}]},
    ],
)
def test_what_does_not_fit_the_question_is_no_match(vendor, answer):
    vendor.will(200, answer)
    assert places.find("M41 0AA", "11") is None


def test_the_request_asks_for_no_more_fields_than_it_needs(vendor, settings):
    vendor.will(200, {"places": [place()]})
    found = places.find("M41 0AA", "11")
    (request,) = vendor.requests
    assert request.path == "/v1/places:searchText"
    assert request.headers["X-Goog-FieldMask"] == places.FIELDS
    assert request.headers["X-Goog-Api-Key"] == settings.GOOGLE_PLACES_API_KEY
    assert request.json == {
        "textQuery": "11 M41 0AA, UK",
        "regionCode": "GB",
        "languageCode": "en-GB",
        "pageSize": 5,
    }
    assert (found.town, found.city, found.score) == ("Flixton", "Manchester", 1.0)


def test_the_asked_door_is_preferred_and_many_results_lower_the_confidence(vendor):
    vendor.will(200, {"places": [place(street_number=str(n)) for n in (1, 2, 3, 11)]})
    found = places.find("M41 0AA", "11")
    assert (found.line_1, found.score, found.confidence) == ("11 Example Road", 1.0, "Medium")


def test_a_town_that_is_the_locality_is_not_said_twice(vendor):
    vendor.will(200, {"places": [place(locality="Manchester", administrative_area_level_2="")]})
    found = places.find("M41 0AA", "11")
    assert (found.town, found.city, found.score) == ("", "Manchester", 0.9)
    assert found.full_address == "11 Example Road, Manchester M41 0AA"


def test_a_service_that_is_down_is_unavailable_and_nothing_is_remembered(sandbox, generation):
    sandbox.down("places")
    with pytest.raises(Unavailable):
        places.find("M41 0AA", "12")
    sandbox.up("places")
    assert places.find("M41 0AA", "12").line_1 == "12 Sandpiper Road"


FAULTS = [mode for mode in faults.ANSWERS if not mode.startswith("slow")]


@pytest.mark.parametrize("mode", FAULTS)
def test_every_fault_is_unavailable_and_nothing_is_remembered(sandbox, generation, mode):
    faults.set_mode(sandbox.store, "places", mode, count=1)
    with pytest.raises(Unavailable):
        places.find("M41 0AA", "12")
    assert faults.mode(sandbox.store, "places") == "up"
    ServiceState.objects.all().delete()  # a 429 holds it for a while
    assert places.find("M41 0AA", "12").line_1 == "12 Sandpiper Road"


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (
            403,
            {"error": {"code": 403, "status": "PERMISSION_DENIED"}},
            Blocked,
            "PERMISSION_DENIED",
        ),
        (
            400,
            {"error": {"message": "API key not valid.", "status": "INVALID_ARGUMENT"}},
            Blocked,
            "INVALID_ARGUMENT",
        ),
        (400, {"error": {"status": "INVALID_ARGUMENT"}}, Rejected, "INVALID_ARGUMENT"),
        (429, {"error": {"status": "RESOURCE_EXHAUSTED"}}, Unavailable, "RESOURCE_EXHAUSTED"),
        (500, {"error": {"status": "INTERNAL"}}, Unavailable, "INTERNAL"),
        (502, "<html>bad</html>", Unavailable, "502"),
        (200, "<html>odd</html>", Unavailable, "JSONDecodeError"),
        (200, ["odd"], Unavailable, "AttributeError"),
    ],
)
def test_every_error_of_the_new_generation_has_its_outcome(vendor, status, body, outcome, code):
    vendor.will(status, body)
    with pytest.raises(outcome) as caught:
        places.find("M41 0AA", "11")
    assert caught.value.code == code
    assert "M41" not in str(caught.value)
    assert ServiceCall.objects.get().code == code


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("OVER_QUERY_LIMIT", Unavailable),
        ("REQUEST_DENIED", Blocked),
        ("INVALID_REQUEST", Rejected),
        ("UNKNOWN_ERROR", Unavailable),
    ],
)
def test_every_status_of_the_legacy_generation_has_its_outcome(vendor, settings, status, outcome):
    settings.GOOGLE_PLACES_API = "legacy"
    vendor.will(200, {"status": status, "results": [], "error_message": "no"})
    with pytest.raises(outcome) as caught:
        places.find("M41 0AA", "11")
    assert caught.value.code == status


def test_an_error_never_holds_the_key(settings):
    settings.GOOGLE_PLACES_API = "legacy"
    with pytest.raises(Unavailable) as caught:
        places.find("M41 0AA", "11")
    assert settings.GOOGLE_PLACES_API_KEY not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_without_a_key_nothing_is_asked(vendor, settings):
    settings.GOOGLE_PLACES_API_KEY = ""
    with pytest.raises(Blocked, match="GOOGLE_PLACES_API_KEY"):
        places.find("M41 0AA", "11")
    assert vendor.requests == []
