"""The new season, step by step: what changes, the plan, its carrying out (the same code as the
command `rollover_season`)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations import clock
from integrations.office import Day, dress, office
from registrations import moving
from registrations.actions import inviting, rollover_commit, rollover_plan, rollover_undo
from registrations.actions.rollover_plan import NotPossible, Wishes
from registrations.models import ReturningPlace, Rollover, Season
from registrations.models.seasons import IN_AGE_ORDER

PERMISSION = "registrations.run_rollover"
SHOWN = 200  # problems on the page; the list of places has them all
_LINES = forms.Textarea(attrs={"rows": 12, "cols": 60})
_FEW = forms.Textarea(attrs={"rows": 3, "cols": 60})
KINDS = {
    "unplaced": "Children without a place",
    "limit": "Squads over their limit",
    "shirt": "Shirts that two children wear",
    "arrears": "Families in arrears",
}


class WishesForm(forms.Form):
    """What staff decide before a plan is made; every field starts with what follows by itself."""

    moves = forms.CharField(
        label="Where the teams go",
        widget=_LINES,
        required=False,
        help_text="One line a team. Change the right side to rename; give two teams the same to "
        "merge; put two after one “=”, with a comma, to split; leave it empty to end the team.",
    )
    limits = forms.CharField(
        label="Children in a squad",
        widget=_FEW,
        required=False,
        help_text="One number for all, and lines such as “U11 Lions = 14” for single teams.",
    )
    kit = forms.CharField(
        label="Teams that get new kit",
        widget=_FEW,
        required=False,
        help_text="One line a team of the new season. Their children are asked for a size.",
    )
    waiting = forms.ChoiceField(label="Children who still wait", choices=Rollover.Waiting)
    arrears = forms.ChoiceField(label="Families in arrears", choices=Rollover.Arrears)
    signing_on_fee = forms.DecimalField(
        label="Signing-on fee, £", min_value=0, max_value=1000, decimal_places=2
    )
    monthly_fee = forms.DecimalField(
        label="Monthly fee, £", min_value=0, max_value=1000, decimal_places=2
    )
    opens_on = forms.DateField(label="Registration opens", widget=Day())
    closes_on = forms.DateField(label="Registration closes", widget=Day())
    first_month = forms.DateField(label="First month collected", widget=Day())
    last_month = forms.DateField(label="Last month collected", widget=Day())
    policy_on = forms.DateField(label="Pays from the first month if joined before", widget=Day())
    earliest_birthday = forms.DateField(label="Nobody born before", widget=Day())
    kit_sizes = forms.CharField(label="Kit sizes", max_length=200)

    def wishes(self) -> Wishes:
        """The form's answers as the plan takes them."""
        given = self.cleaned_data
        values = {name: given[name] for name in rollover_plan.DAYS}
        for name in ("signing_on_fee", "monthly_fee"):
            values[f"{name}_pence"] = int(given[name] * 100)
        values["kit_sizes"] = [s.strip() for s in given["kit_sizes"].split(",") if s.strip()]
        names = ("moves", "limits", "kit", "waiting", "arrears")
        return Wishes(values=values, **{name: given[name] for name in names})


@office().page("new-season/", "new_season")
def new_season(request: HttpRequest) -> HttpResponse:
    """The wizard's one address: the form, then the plan, then how it stands."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    season = _season(request)
    if request.method == "POST" and season:
        return _pressed(request, season)
    return _page(request, season)


def _season(request: HttpRequest) -> Season | None:
    """The season that ends: the one named, else the one under way, else the newest."""
    if wanted := request.GET.get("season"):
        found = Season.objects.filter(code=wanted).first()
        if found is None:
            raise Http404
        return found
    under_way = Rollover.objects.filter(undone_at=None).select_related("from_season").first()
    return under_way.from_season if under_way else Season.objects.first()


def _pressed(request: HttpRequest, season: Season) -> HttpResponse:
    what, by = request.POST.get("what"), request.user.get_username()
    try:
        if what == "plan":
            form = WishesForm(request.POST)
            if not form.is_valid():
                return _page(request, season, form)
            rollover_plan.plan(season, form.wishes(), at=clock.now(), by=by)
            said = "The plan is stored. Nothing else has been changed yet."
        elif what == "commit":
            rollover_commit.commit(_number(request), at=clock.now(), by=by)
            said = "The new season is there. Next: invite the families."
        elif what == "undo":
            rollover_undo.undo(_number(request), at=clock.now(), by=by)
            said = "Everything is as it was before."
        elif what in ("invite", "remind"):
            said = _invited(request, what)
        else:
            raise Http404
    except NotPossible as error:
        messages.error(request, str(error))
        return _page(request, season, WishesForm(request.POST) if what == "plan" else None)
    messages.success(request, said)
    return HttpResponseRedirect(f"{reverse('admin:new_season')}?season={season.code}")


def _invited(request: HttpRequest, what: str) -> str:
    """Invitations or reminders are made due; what to say of it."""
    if what == "remind":
        count = inviting.remind(_number(request), at=clock.now())
        return f"{count} reminders are on their way."
    pace = request.POST.get("a_minute", "")
    if not (pace.isascii() and pace.isdigit()):
        raise NotPossible("How many messages a minute? A number, please.")
    count = inviting.invite(_number(request), a_minute=int(pace), at=clock.now())
    return f"{count} families are being invited, {pace} a minute."


def _number(request: HttpRequest) -> int:
    number = request.POST.get("rollover", "")
    if not (number.isascii() and number.isdigit()):
        raise Http404
    return int(number)


def _page(
    request: HttpRequest, season: Season | None, form: WishesForm | None = None
) -> HttpResponse:
    rollover = season.rollovers.filter(undone_at=None).first() if season else None
    begun = bool(rollover and rollover.started_at)
    if form is None and season is not None:
        # After an undo as well: nobody types it all twice.
        form = WishesForm(initial=_start(season, season.rollovers.first()))
    context = office().each_context(request) | {
        "title": f"New season after {season.label}" if season else "New season",
        "season": season,
        "rollover": rollover,
        "begun": begun,
        "form": None if begun or form is None else dress(form),
        "problems": _problems(rollover) if rollover else [],
        "changes": _changes(rollover) if rollover else [],
        "invitations": inviting.progress(rollover) if rollover and rollover.committed_at else None,
        "why_no_undo": rollover_undo.why_not(rollover) if rollover and begun else "",
    }
    return TemplateResponse(request, "admin/registrations/new_season.html", context)


def _start(season: Season, planned: Rollover | None) -> dict[str, Any]:
    """What the last plan said; without one, what follows by itself from the season that ends."""
    values = moving.next_season(season)
    if planned:
        values |= rollover_plan.season_values(planned)
    teams = list(planned.teams.all()) if planned else []
    lines = []
    for team in season.teams.order_by(*IN_AGE_ORDER):
        old = (team.age_group, team.name)
        new = ", ".join(moving.written(name) for name in moving.moved_up(old))
        if planned:
            new = ", ".join(str(each) for each in teams if str(team) in each.old_names)
        lines.append(f"{moving.written(old)} = {new}".rstrip())
    limits = [f"{team} = {team.squad_limit}" for team in teams if team.squad_limit]
    return values | {
        "moves": "\n".join(lines),
        "limits": "\n".join(limits),
        "kit": "\n".join(str(team) for team in teams if team.kit_due),
        "signing_on_fee": f"{values['signing_on_fee_pence'] / 100:.2f}",
        "monthly_fee": f"{values['monthly_fee_pence'] / 100:.2f}",
        "kit_sizes": ", ".join(values["kit_sizes"]),
        "waiting": planned.waiting if planned else Rollover.Waiting.CARRY,
        "arrears": planned.arrears if planned else Rollover.Arrears.INVITE,
    }


def _changes(rollover: Rollover) -> list[tuple[str, str, str]]:
    return moving.before_and_after(rollover.from_season, rollover_plan.season_values(rollover))


def _problems(rollover: Rollover) -> list[dict[str, Any]]:
    """The plan's problems by kind, with the children's names for staff."""
    found = rollover.problems[:SHOWN]
    ids = [problem["place"] for problem in found if problem["place"]]
    places = ReturningPlace.objects.select_related("player", "before__team").in_bulk(ids)
    groups: list[dict[str, Any]] = []
    for kind, title in KINDS.items():
        rows = [_shown(problem, places) for problem in found if problem["kind"] == kind]
        if rows:
            count = sum(problem["kind"] == kind for problem in rollover.problems)
            groups.append({"title": title, "rows": rows, "count": count})
    return groups


def _shown(problem: dict[str, Any], places: dict[int, ReturningPlace]) -> dict[str, Any]:
    place = places.get(problem["place"])
    url = reverse("admin:registrations_returningplace_change", args=[place.pk]) if place else ""
    return problem | {
        "child": place.player.full_name if place else "",
        "before": str(place.before.team) if place else "",
        "url": url,
    }
