"""Google Places: from a postcode and a house number to an address to confirm (domain 8).

What comes back is a suggestion: Places finds streets better than doors. Raises the four outcomes;
whoever asks a parent treats every one of them as "please type it".
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import requests
from django.conf import settings
from django.core.cache import cache

from integrations import guard
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable
from integrations.transport import SHORTEST, per_thread, within

SERVICE = "places"
TIMEOUT = (3, 5)
SECONDS = 8.0  # for one address, all calls and waits together
PENALTY = 10  # seconds
KEPT = timedelta(days=30)  # the longest that Google's terms allow
NOTHING_KEPT = timedelta(hours=1)
FIELDS = "places.id,places.formattedAddress,places.addressComponents,places.types"
_LEGACY_OUTCOMES: dict[str, tuple[type[OutsideError], str]] = {
    "OVER_QUERY_LIMIT": (Unavailable, "too many requests"),
    "REQUEST_DENIED": (Blocked, "the key was refused"),
    "INVALID_REQUEST": (Rejected, "the request was refused"),
}

Components = dict[str, str]


@dataclass(frozen=True)
class Found:
    """An address; `score` is 0 to 1, `confidence` High or Medium (domain 8.3)."""

    house_number: str
    line_1: str
    town: str
    city: str
    postcode: str
    full_address: str
    score: float
    confidence: str


def find(postcode: str, house_number: str, *, seconds: float = SECONDS) -> Found | None:
    """The address at a canonical postcode, or None where no street is known there."""
    until = time.monotonic() + seconds
    key = _cache_key(postcode, house_number)
    kept = cache.get(key)
    if kept is not None:
        return Found(**kept) if kept else None
    look = _look_up_legacy if settings.GOOGLE_PLACES_API == "legacy" else _look_up
    found = _best(look(f"{house_number} {postcode}, UK", until), postcode, house_number)
    life = KEPT if found else NOTHING_KEPT
    cache.set(key, asdict(found) if found else {}, life.total_seconds())
    return found


def _cache_key(postcode: str, house_number: str) -> str:
    asked = f"{settings.GOOGLE_PLACES_API}|{_squeezed(postcode)}|{_squeezed(house_number)}"
    return f"places:{hashlib.sha256(asked.encode()).hexdigest()}"


def _look_up(query: str, until: float) -> list[Components]:
    body = {"textQuery": query, "regionCode": "GB", "languageCode": "en-GB", "pageSize": 5}
    headers = {"X-Goog-Api-Key": settings.GOOGLE_PLACES_API_KEY, "X-Goog-FieldMask": FIELDS}
    url = f"{settings.GOOGLE_PLACES_URL}/v1/places:searchText"
    with _calling("search", until) as sent:
        post = partial(_session().post, url, json=body, headers=headers, timeout=TIMEOUT)
        places = _answer(sent(post)).get("places") or []
        return [_new_components(place.get("addressComponents") or []) for place in places]


def _look_up_legacy(query: str, until: float) -> list[Components]:
    results = _legacy("textsearch", until, query=query, region="uk").get("results") or []
    # Each detail is paid for and waited for; the first is the best.
    details = [
        _legacy(
            "details",
            until,
            place_id=result["place_id"],
            fields="formatted_address,address_components",
        )
        for result in results[:1]
    ]
    found = [each.get("result", {}).get("address_components") or [] for each in details]
    return [_legacy_components(components) for components in found]


def _legacy(operation: str, until: float, **params: str) -> dict[str, Any]:
    url = f"{settings.GOOGLE_PLACES_URL}/maps/api/place/{operation}/json"
    params["key"] = settings.GOOGLE_PLACES_API_KEY
    with _calling(operation, until) as sent:
        answer = _answer(sent(partial(_session().get, url, params=params, timeout=TIMEOUT)))
        status = answer.get("status", "")
        if status in ("OK", "ZERO_RESULTS", "NOT_FOUND"):
            return answer
        kind, words = _LEGACY_OUTCOMES.get(status, (Unavailable, "an error on their side"))
        if status == "OVER_QUERY_LIMIT":
            guard.penalise(SERVICE, PENALTY)
        raise kind(SERVICE, words, code=status)


@per_thread
def _session() -> requests.Session:
    return requests.Session()


Talk = Callable[[], requests.Response]


@contextmanager
def _calling(operation: str, until: float) -> Iterator[Callable[[Talk], requests.Response]]:
    """One call; what is yielded sends a request and waits for its answer until then at most."""
    if not settings.GOOGLE_PLACES_API_KEY:
        raise Blocked(SERVICE, "GOOGLE_PLACES_API_KEY is not set", code="not_configured")
    with guard.call(SERVICE, operation, patience=until - time.monotonic()):
        try:
            yield lambda talk: within(_left(until), talk)
        except (requests.RequestException, TimeoutError) as error:
            # Only the kind: the text of an error holds the address of the request, and the key.
            kind = type(error).__name__
            raise Unavailable(SERVICE, kind, code=kind) from None
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            kind = type(error).__name__
            raise Unavailable(SERVICE, "an answer that cannot be read", code=kind) from None


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left < SHORTEST:
        raise Unavailable(SERVICE, "no time was left to look", code="late")
    return left


def _answer(response: requests.Response) -> dict[str, Any]:
    if response.status_code == 200:
        return response.json()
    error = _error(response)
    code = str(error.get("status") or response.status_code)
    if response.status_code == 429:
        guard.penalise(SERVICE, PENALTY)
        raise Unavailable(SERVICE, "too many requests", code=code)
    if response.status_code in (401, 403) or "API key" in str(error.get("message")):
        raise Blocked(SERVICE, "the key was refused", code=code)
    if 400 <= response.status_code < 500:
        raise Rejected(SERVICE, "the request was refused", code=code)
    raise Unavailable(SERVICE, f"HTTP {response.status_code}", code=code)


def _error(response: requests.Response) -> dict[str, Any]:
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _new_components(components: list[dict[str, Any]]) -> Components:
    named: Components = {}
    for each in components:
        for kind in each.get("types") or []:
            named.setdefault(kind, each.get("longText") or "")
            if kind == "country":
                named["country_code"] = each.get("shortText") or ""
    return named


def _legacy_components(components: list[dict[str, Any]]) -> Components:
    same = [
        {"longText": each["long_name"], "shortText": each["short_name"], "types": each["types"]}
        for each in components
    ]
    return _new_components(same)


def _best(places: list[Components], postcode: str, house_number: str) -> Found | None:
    """The first place in the United Kingdom with the asked postcode, best a known door."""
    asked = _squeezed(postcode)
    right = [
        place
        for place in places
        if place.get("country_code") == "GB"
        and _squeezed(place.get("postal_code", "")) == asked
        and place.get("route")
    ]
    door = _squeezed(house_number)
    right.sort(key=lambda place: _squeezed(place.get("street_number", "")) != door)
    confidence = "High" if len(places) <= 3 else "Medium"
    return _found(right[0], postcode, house_number, confidence) if right else None


def _found(place: Components, postcode: str, house_number: str, confidence: str) -> Found:
    locality, town = place.get("locality", ""), place.get("postal_town", "")
    number = house_number.strip()
    line_1 = f"{number} {place['route']}"
    city = town or locality
    near = locality if locality.casefold() != city.casefold() else ""
    lines = [line_1, near, f"{city} {postcode}".strip()]
    return Found(
        house_number=number,
        line_1=line_1,
        town=near,
        city=city,
        postcode=postcode,
        full_address=", ".join(line for line in lines if line),
        score=_score(place, house_number),
        confidence=confidence,
    )


def _score(place: Components, house_number: str) -> float:
    # A number counts when it is the one that was asked for: any number "exists" there.
    door = _squeezed(place.get("street_number", "")) == _squeezed(house_number)
    precise = [door, bool(place.get("route")), bool(place.get("postal_code"))]
    county = place.get("administrative_area_level_2")
    around = [bool(place.get("locality")), bool(place.get("postal_town")), bool(county)]
    return round(0.7 * sum(precise) / 3 + 0.3 * sum(around) / 3, 2)


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()
