"""The parent's payment link, and the pages around the hosted payment page (domain 3.6, 5.3)."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from integrations import clock
from payments.actions import links, proving, reusing
from payments.actions.links import Answer
from registrations.wording import pounds

# One address may be a whole club evening behind one router.
VISITS_A_MINUTE = 60
RETRY_SECONDS = 30
PAGES = {
    Answer.UNKNOWN: ("payments/unknown.html", 404),
    Answer.PAID: ("payments/paid.html", 200),
    Answer.WAITING_FOR_PLACE: ("payments/waiting_for_place.html", 200),
    Answer.CANCELLED: ("payments/cancelled.html", 410),
    Answer.AT_THE_BANK: ("payments/at_the_bank.html", 200),
    Answer.AWAY: ("payments/away.html", 502),
    Answer.BY_TEXT: ("payments/by_text.html", 200),
}
View = Callable[[HttpRequest, str], HttpResponse]


def unlisted(view: View) -> View:
    """The address is the credential: tell nobody, keep nothing, and let nobody try many."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        seconds = _seconds_to_wait(_address(request))
        response = _too_many(request, seconds) if seconds else view(request, token)
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return guarded


@require_safe
@unlisted
def reg_setup(request: HttpRequest, token: str) -> HttpResponse:
    """302 to the hosted payment page, or a small page that says why not."""
    mark = request.GET.get(proving.MARK, "")
    outcome = links.open_link(token, mark, own="own" in request.GET)
    if outcome.answer == Answer.FAMILY:
        return _offer(request, token, mark)
    if outcome.answer == Answer.GO:
        return HttpResponseRedirect(outcome.url)
    return _page(request, outcome.answer, token)


@require_safe
@unlisted
def came_back(request: HttpRequest, token: str) -> HttpResponse:
    """Where the hosted page sends a parent who has finished."""
    return _page(request, links.come_back(token).answer, token)


@require_safe
@unlisted
def left(request: HttpRequest, token: str) -> HttpResponse:
    """Where the hosted page sends a parent who gave up for now."""
    if links.find(token) is None:
        return _page(request, Answer.UNKNOWN, token)
    return render(request, "payments/left.html", {"token": token})


@csrf_exempt  # the mark in the address is the credential; no cookie is involved
@require_POST
@unlisted
def family(request: HttpRequest, token: str) -> HttpResponse:
    """Put this child on the family's Direct Debit; then the signing-on fee is all that is left."""
    mark = request.GET.get(proving.MARK, "")
    registration = links.find(token)
    if registration is None:
        return _page(request, Answer.UNKNOWN, token)
    if reusing.offered(registration, mark):
        reusing.share(registration.pk, at=clock.now())
    return HttpResponseRedirect(f"{reverse('reg_setup', args=[token])}?{proving.MARK}={mark}")


def _offer(request: HttpRequest, token: str, mark: str) -> HttpResponse:
    registration = links.find(token)
    mandate = reusing.offered(registration, mark) if registration else None
    if registration is None or mandate is None:
        return _page(request, Answer.UNKNOWN, token)
    items = [(name, pounds(pence)) for name, pence in reusing.children_on(mandate)]
    given = {
        "token": token,
        "mark": mark,
        "child": registration.player.first_name,
        "items": items,
        "monthly": pounds(registration.monthly_fee_pence),
        "fee": pounds(registration.signing_on_fee_pence),
    }
    return render(request, "payments/family.html", given)


def _page(request: HttpRequest, answer: Answer, token: str) -> HttpResponse:
    template, status = PAGES[answer]
    response = render(request, template, {"token": token}, status=status)
    if answer == Answer.AWAY:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "payments/too_many.html", status=429)
    response["Retry-After"] = str(seconds)
    return response


def _seconds_to_wait(address: str) -> int:
    """0, or how long until this address may visit again; counted per minute of real time."""
    minute, second = divmod(int(clock.pace()), 60)
    key = f"reg_setup:{address}:{minute}"
    try:
        visits = 1 if cache.add(key, 1, timeout=120) else cache.incr(key)
    except ValueError:  # it ran out between the two calls
        return 0
    return 60 - second if visits > VISITS_A_MINUTE else 0


def _address(request: HttpRequest) -> str:
    """The visitor's address; of X-Forwarded-For only what our own proxies added."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    proxies = settings.TRUSTED_PROXIES
    if proxies and len(hops) >= proxies and hops[-proxies]:
        return hops[-proxies][:64]
    return request.META.get("REMOTE_ADDR", "")
