"""The Places stand-in, both generations, over a socket."""

import pytest
import requests

MASK = "places.id,places.formattedAddress,places.addressComponents,places.types"


def search(sandbox, query: str, *, key: str | None = None, mask: str = MASK) -> requests.Response:
    """A text search of the new API."""
    key = sandbox.config.places_api_key if key is None else key
    headers = {"X-Goog-Api-Key": key, "X-Goog-FieldMask": mask}
    body = {"textQuery": query, "regionCode": "GB", "languageCode": "en-GB", "pageSize": 5}
    url = f"{sandbox.url}/places/v1/places:searchText"
    headers = {name: value for name, value in headers.items() if value}
    return requests.post(url, json=body, headers=headers, timeout=5)


def legacy(sandbox, route: str, **arguments: str) -> dict:
    """A call of the legacy API, which answers 200 whatever happens."""
    url = f"{sandbox.url}/places/maps/api/place/{route}/json"
    params = {"key": sandbox.config.places_api_key, **arguments}
    answer = requests.get(url, params=params, timeout=5)
    assert answer.status_code == 200
    return answer.json()


def component(place: dict, kind: str) -> str | None:
    """One part of an address, by its type."""
    parts = [one["longText"] for one in place["addressComponents"] if kind in one["types"]]
    return parts[0] if parts else None


def test_a_house_number_and_a_postcode_find_the_door(sandbox):
    answer = search(sandbox, "11 m410aa, UK")
    (place,) = answer.json()["places"]
    assert place["formattedAddress"] == "11 Sandpiper Road, Urmston, Manchester M41 0AA, UK"
    assert component(place, "street_number") == "11"
    assert component(place, "route") == "Sandpiper Road"
    assert component(place, "locality") == "Urmston"
    assert component(place, "postal_town") == "Manchester"
    assert component(place, "country") == "United Kingdom"
    assert component(place, "postal_code") == "M41 0AA"
    assert set(place) == {"id", "formattedAddress", "addressComponents", "types"}


def test_letters_and_flats_are_kept(sandbox):
    (place,) = search(sandbox, "12a M41 0AB").json()["places"]
    assert component(place, "street_number") == "12A"
    (place,) = search(sandbox, "Flat 2, 11 Sandpiper Road, M41 0AA").json()["places"]
    assert (component(place, "subpremise"), component(place, "street_number")) == ("2", "11")


def test_a_number_that_is_not_there_finds_the_street_only(sandbox):
    (place,) = search(sandbox, "500 M41 0AA").json()["places"]
    assert component(place, "street_number") is None
    assert component(place, "route") == "Sandpiper Road"


def test_nothing_found_is_an_empty_object(sandbox):
    assert search(sandbox, "1 ZZ1 1ZZ").json() == {}


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"mask": ""}, 400, "INVALID_ARGUMENT"),
        ({"mask": "places.nonsense"}, 400, "INVALID_ARGUMENT"),
        ({"query": " "}, 400, "INVALID_ARGUMENT"),
        ({"key": ""}, 403, "PERMISSION_DENIED"),
        ({"key": "wrong"}, 403, "PERMISSION_DENIED"),
    ],
)
def test_a_wrong_request_is_refused_in_googles_shape(sandbox, change, code, status):
    answer = search(sandbox, **{"query": "11 M41 0AA", **change})
    assert answer.status_code == code
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == (code, status)


def test_the_legacy_api_finds_the_same_door_in_two_calls(sandbox):
    found = legacy(sandbox, "textsearch", query="11 M41 0AA, UK", region="uk")
    assert found["status"] == "OK"
    (result,) = found["results"]
    answer = legacy(
        sandbox,
        "details",
        place_id=result["place_id"],
        fields="formatted_address,address_components",
    )
    assert answer["status"] == "OK"
    address = "11 Sandpiper Road, Urmston, Manchester M41 0AA, UK"
    assert answer["result"]["formatted_address"] == result["formatted_address"] == address
    parts = {one["types"][0]: one["long_name"] for one in answer["result"]["address_components"]}
    assert (parts["street_number"], parts["postal_code"]) == ("11", "M41 0AA")


def test_the_legacy_api_says_what_is_wrong_in_its_status(sandbox):
    assert legacy(sandbox, "textsearch", query="1 ZZ1 1ZZ")["status"] == "ZERO_RESULTS"
    assert legacy(sandbox, "textsearch", query="")["status"] == "INVALID_REQUEST"
    assert legacy(sandbox, "textsearch", query="x", key="no")["status"] == "REQUEST_DENIED"
    assert legacy(sandbox, "details", place_id="ChIJ00")["status"] == "NOT_FOUND"


def test_while_it_is_down_the_connection_is_closed(sandbox):
    sandbox.down("places")
    with pytest.raises(requests.ConnectionError):
        search(sandbox, "11 M41 0AA")
    sandbox.up("places")
    assert search(sandbox, "11 M41 0AA").status_code == 200
