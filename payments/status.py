"""The status page behind the parent's own link, and the change of a contact from there."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from integrations import clock
from payments.actions import orders, reusing, standing
from payments.pages import unlisted
from registrations import fields
from registrations.actions import changing
from registrations.actions.changing import Field, Verdict
from registrations.chat import html
from registrations.models import Registration

CHANGED = "Thank you. That is changed, for all your children at the club."
ASKED = "Thank you. Your bank is asked again; the new day is shown here soon."
NOTHING_LATE = "There is nothing that your bank can be asked for just now."
TAKEN_OFF = "Done: nothing is taken from your Direct Debit for this child. The club has been told."
TOO_LATE = "That can no longer be changed here. Please write to the club."
TOO_OFTEN = "That was asked for too often. Please try again later, or write to the club."
NO_WAY = "Please choose how we may send you the code."
WRONG = "That is not the code. Please look again."
OVER = "That code does not work any more. Please ask for a new one."


# The address is the credential, as for the payment link; no cookie is involved.
@require_safe
@unlisted
def status(request: HttpRequest, token: str) -> HttpResponse:
    """What is done, what is waited for, the receipt, the months."""
    registration = _find(token)
    return _page(request, registration) if registration else _unknown(request, token)


@csrf_exempt
@require_POST
@unlisted
def again(request: HttpRequest, token: str) -> HttpResponse:
    """Let the bank be asked again for the months that are late."""
    registration = _find(token)
    if registration is None or not _may_change(registration):
        return _unknown(request, token)
    asked = orders.owe_what_is_late(registration.pk, by="the parent")
    return _page(request, registration, notice=ASKED if asked else NOTHING_LATE)


@csrf_exempt
@require_POST
@unlisted
def objection(request: HttpRequest, token: str) -> HttpResponse:
    """The payer did not want this child on the family's Direct Debit."""
    registration = _find(token)
    if registration is None or not _may_change(registration):
        return _unknown(request, token)
    taken_off = reusing.object_to(registration.pk)
    registration.refresh_from_db()
    return _page(request, registration, notice=TAKEN_OFF if taken_off else TOO_LATE)


@csrf_exempt
@require_POST
@unlisted
def change(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a code that allows one change of the phone or the e-mail address on file."""
    registration = _find(token)
    if registration is None or not _may_change(registration):
        return _unknown(request, token)
    field = Field.EMAIL if request.POST.get("field") == Field.EMAIL else Field.PHONE
    typed = request.POST.get("value", "").replace("\x00", "")[:500]
    given = {"field": field.value, "typed": typed}
    try:
        value = changing.read(field, typed)
    except fields.Refused as refusal:
        problem = html.safe(changing.why_not(field, refusal))
        return _page(request, registration, 400, problem=problem, **given)
    way = request.POST.get("way", "")
    if way not in dict(changing.ways(registration)):
        return _page(request, registration, 400, notice=NO_WAY, **given)
    code = changing.ask(
        registration.pk, field=field, value=value, by_email=way == "mail", at=clock.now()
    )
    if code is None:
        return _page(request, registration, 429, notice=TOO_OFTEN)
    return _ask_code(request, token)


@csrf_exempt
@require_POST
@unlisted
def code(request: HttpRequest, token: str) -> HttpResponse:
    """Take the code; the right one makes the change."""
    registration = _find(token)
    if registration is None or not _may_change(registration):
        return _unknown(request, token)
    verdict = changing.confirm(registration.pk, request.POST.get("code", ""), at=clock.now())
    if verdict == Verdict.WRONG:
        return _ask_code(request, token, WRONG, 400)
    if verdict == Verdict.OVER:
        return _page(request, registration, 400, notice=OVER)
    registration.refresh_from_db()
    return _page(request, registration, notice=CHANGED)


def _find(token: str) -> Registration | None:
    """By our own token only; a billing request's id, known to others, opens nothing here."""
    if "\x00" in token or len(token) > 64:
        return None
    related = "player", "team", "season", "guardian"
    return Registration.objects.select_related(*related).filter(token=token).first()


def _may_change(registration: Registration) -> bool:
    return not (registration.duplicate_of_id or registration.cancelled_at)


def _page(
    request: HttpRequest, registration: Registration, status: int = 200, **given: str
) -> HttpResponse:
    if registration.duplicate_of_id:
        # The first registration's own link went to its number; here nothing may be told of it.
        return render(request, "payments/by_text.html", {"token": registration.token})
    shown = standing.standing(registration)
    ways = changing.ways(registration) if _may_change(registration) else []
    context = {"token": registration.token, "shown": shown, "ways": ways, **given}
    context["may_object"] = reusing.may_object(registration)
    return render(request, "payments/status.html", context, status=status)


def _ask_code(
    request: HttpRequest, token: str, notice: str = "", status: int = 200
) -> HttpResponse:
    minutes = int(changing.LASTS.total_seconds() // 60)
    given = {"token": token, "notice": notice, "minutes": minutes}
    return render(request, "payments/code.html", given, status=status)


def _unknown(request: HttpRequest, token: str) -> HttpResponse:
    return render(request, "payments/unknown.html", {"token": token}, status=404)
