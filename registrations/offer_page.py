"""The page behind an offer's link: a place is there, yes or no (a POST, since scanners look)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from integrations import clock
from registrations import errors, limits, wording
from registrations.actions import offering, resuming
from registrations.models import PlaceOffer
from registrations.ports import desk

STATUS = {"open": 200, "accepted": 200, "declined": 200, "unknown": 404}


@csrf_exempt  # the token in the address is the credential; no cookie is involved
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, token: str) -> HttpResponse:
    """How the offer stands; the two buttons answer it."""
    wait = limits.seconds_to_wait(request, "", "messages")
    if wait:
        return errors.too_many(request, wait)
    at, answered = clock.now(), False
    if request.method == "POST":
        answer = request.POST.get("answer")
        if answer == "yes":
            answered = offering.accept(token, at=at)
        elif answer == "no":
            answered = offering.decline(token, at=at)
    door, found = offering.look(token, at), offering.find(token)
    given: dict[str, Any] = {"door": door}
    if found is not None and door in ("open", "accepted"):
        given |= _facts(found)
        if answered:
            # Once, to whoever has just answered: a link that is opened again shows none.
            given["resume"] = resuming.link_of(found.registration, at=at)
    response = render(request, "chat/place.html", given, status=STATUS.get(door, 410))
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _facts(found: PlaceOffer) -> dict[str, Any]:
    registration, season = found.registration, found.team.season
    return {
        "child": registration.player.first_name,
        "team": str(found.team),
        "season": season.label,
        "until": f"{clock.london(found.expires_at):%A %-d %B, %H:%M}",
        "fee": wording.pounds(registration.signing_on_fee_pence),
        "monthly": wording.pounds(registration.monthly_fee_pence),
        "days": season.payment_days,
        "pay": desk().link(registration.pk),
    }
