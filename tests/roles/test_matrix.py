"""Who may do what: every model, button, action, page, field and choice, for every role.

A cell that nobody decided fails: a new model, button, action or page needs its line here.
"""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.models import Group, User
from django.test import RequestFactory
from django.urls import reverse

from integrations.accounts import urls as accounts
from integrations.office.admins import _filtered
from integrations.office.buttons import buttons_of
from registrations.models import Photo, Registration, Season, Team, TeamStaff, visible_to
from tests import factories
from utjfc import roles

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LETTERS = dict(zip("ARTWMC", roles.NAMES, strict=True))
# v(iew), a(dd), c(hange), d(elete), p(ress its buttons): for administrator, registrar, treasurer,
# welfare officer, team manager (of the row's team), committee.
MODELS = """
    auth.Group                             vacdp -     -     -     -     -
    auth.User                              vacp  -     -     -     -     -
    integrations.AgentCall                 vp    v     -     -     -     -
    integrations.AgentToken                vap   v     -     -     -     -
    integrations.AirtableBase              vp    v     -     -     -     -
    integrations.AirtableConflict          vp    v     -     -     -     -
    integrations.AirtableRow               vp    v     -     -     -     -
    integrations.AirtableRun               vp    v     -     -     -     -
    integrations.AirtableTable             vp    v     -     -     -     -
    integrations.AuditEntry                v     -     -     -     -     -
    integrations.PasswordReset             vp    -     -     -     -     -
    integrations.ServiceCall               vp    v     -     -     -     -
    integrations.ServiceState              vp    v     v     -     -     -
    integrations.StaffMail                 vp    v     -     -     -     -
    integrations.WebhookEvent              vp    v     -     -     -     -
    payments.ArrearsCase                   vp    -     vp    -     -     -
    payments.ArrearsPlan                   vp    -     vp    -     -     -
    payments.BillingRequest                vp    v     vp    -     -     -
    payments.Ending                        vp    -     vp    -     -     -
    payments.HandPayment                   vp    -     vp    -     -     -
    payments.Hardship                      vp    -     vp    v     -     -
    payments.LinkOpening                   vp    -     vp    -     -     -
    payments.Mandate                       vp    -     vp    -     -     -
    payments.MonthlyCharge                 vp    -     vp    -     -     -
    payments.MonthlyPrice                  vp    v     vp    -     -     -
    payments.OpeningBalance                vp    -     vp    -     -     -
    payments.Payment                       vp    -     vp    -     -     -
    payments.PaymentOrder                  vp    -     vp    -     -     -
    payments.Payout                        vp    -     vp    -     -     -
    payments.PriceReason                   vp    -     vp    -     -     -
    payments.Reconciliation                vp    -     vp    -     -     -
    payments.ReconciliationDifference      vp    -     vp    -     -     -
    payments.Refund                        vp    -     vp    -     -     -
    payments.SiblingCase                   vap   vap   vap   -     -     -
    payments.Subscription                  vp    -     vp    -     -     -
    registrations.ChatSession              vp    vp    -     -     -     -
    registrations.Circular                 vp    vp    -     -     -     -
    registrations.ClubText                 vacdp vacdp -     -     -     -
    registrations.ContactCode              vp    vp    -     -     -     -
    registrations.Draft                    vp    vp    -     -     -     -
    registrations.Email                    vp    vp    v     -     -     -
    registrations.Family                   vp    vp    v     v     -     -
    registrations.Guardian                 vcp   vcp   v     v     v     -
    registrations.Import                   vp    vp    -     -     -     -
    registrations.Invitation               vp    vp    -     -     -     -
    registrations.ModelCall                vp    vp    -     -     -     -
    registrations.OptOut                   vp    vp    -     -     -     -
    registrations.Photo                    vp    vp    -     v     -     -
    registrations.PlaceOffer               vp    vp    -     -     -     -
    registrations.PhotoAdvice              vp    vp    -     -     -     -
    registrations.Player                   vcp   vcp   v     v     v     -
    registrations.Proposal                 vp    vp    vp    -     -     -
    registrations.Registration             vcp   vcp   v     v     v     -
    registrations.ResumeLink               vp    vp    -     -     -     -
    registrations.RetentionItem            vp    vp    -     -     -     -
    registrations.RetentionRun             vp    vp    -     -     -     -
    registrations.ReturningPlace           vp    vp    -     -     -     -
    registrations.ReturningVisit           vp    vp    -     -     -     -
    registrations.Rollover                 vcp   vcp   -     -     -     -
    registrations.Season                   vacp  vacp  v     v     v     v
    registrations.Sms                      vp    vp    v     -     -     -
    registrations.Suspension               vp    vp    v     v     v     -
    registrations.Team                     vacp  vacp  v     v     v     v
    registrations.TeamStaff                vacdp vacdp -     -     -     -
"""
# Which roles (by letter) find these buttons on a row's page; everybody else is refused.
BUTTONS = """
    auth.User                        A     end_access sign_out remove_factors send_reset
    integrations.AgentToken          A     revoke
    integrations.AirtableConflict    A     take_ours take_theirs take_third
    integrations.AirtableRow         A     try_again looked_at make_anew delete_there
    integrations.AirtableTable       A     read_now allow
    integrations.PasswordReset       A     try_again looked_at
    integrations.StaffMail           A     try_again looked_at
    integrations.WebhookEvent        A     try_again looked_at
    payments.ArrearsCase             AT    suspend dismiss
    payments.BillingRequest          AT    try_again looked_at
    payments.Ending                  AT    try_again looked_at
    payments.HandPayment             AT    undo
    payments.MonthlyPrice            AT    try_again looked_at
    payments.Payment                 AT    try_again looked_at refund ask_again
    payments.PaymentOrder            AT    try_again looked_at
    payments.SiblingCase             ART   approve reject remove
    payments.Subscription            AT    try_again looked_at collect_anew
    registrations.ChatSession        AR    looked_at
    registrations.ContactCode        AR    try_again looked_at
    registrations.Draft              AR    looked_at
    registrations.Email              AR    try_again looked_at
    registrations.Family             A     take_out erase
    registrations.Guardian           A     take_out erase
    registrations.Player             A     take_out erase
    registrations.Invitation         AR    release
    registrations.Photo              AR    try_again looked_at
    registrations.PhotoAdvice        AR    try_again looked_at
    registrations.Proposal           ART   approve reject
    registrations.Registration       AR    resend_payment_sms correct_phone retry_failed looked_at
    registrations.Registration       AR    email_payment_link
    registrations.PlaceOffer         AR    take_back
    registrations.Registration       AT    change_fee
    registrations.Registration       AR    change_shirt add_note
    registrations.Registration       AR    give_place suspend reinstate cancel
    registrations.Registration       AR    offer_place start_trial move_team merge_into
    registrations.Registration       AW    show_medical
    registrations.Registration       AT    record_money give_money_back arrange_by_hand
    registrations.Registration       AT    opening_balance agree_on_plan mail_receipt
    registrations.Registration       ATW   note_hardship end_hardship
    registrations.ResumeLink         AR    try_again looked_at
    registrations.RetentionItem      AR    try_again looked_at
    registrations.ReturningVisit     AR    try_again looked_at
    registrations.Rollover           AR    try_again looked_at
    registrations.Sms                AR    try_again looked_at
    registrations.Team               ARTWM team_sheet league_pack
    registrations.Team               ARW   id_cards squad_sheet
    registrations.Team               AW    emergency_sheet
"""
# What a manager of the very team may press besides.
OF_OWN_TEAM = {("M", "emergency_sheet")}
# Which roles (by letter) find these actions above a list.
ACTIONS = """
    integrations.AirtableConflict    A     take_ours_chosen take_theirs_chosen take_third_chosen
    integrations.AirtableRow         A     retry_chosen
    integrations.PasswordReset       A     retry_chosen
    integrations.StaffMail           A     retry_chosen
    integrations.WebhookEvent        A     retry_chosen
    payments.BillingRequest          AT    retry_chosen
    payments.Ending                  AT    retry_chosen
    payments.MonthlyPrice            AT    look_again retry_chosen
    payments.Payment                 AT    retry_chosen
    payments.PaymentOrder            AT    retry_chosen
    payments.Subscription            AT    retry_chosen
    registrations.ContactCode        AR    retry_chosen
    registrations.Registration       AR    resend_chosen write_to_chosen
    registrations.Email              AR    retry_chosen
    registrations.Photo              AR    retry_chosen
    registrations.PhotoAdvice        AR    retry_chosen
    registrations.ResumeLink         AR    retry_chosen
    registrations.RetentionItem      AR    retry_chosen
    registrations.ReturningVisit     AR    retry_chosen
    registrations.Rollover           AR    retry_chosen
    registrations.Sms                AR    retry_chosen
"""
# Which roles (by letter) open which page.
PAGES = """
    index                                    ARTWMC
    needs_a_person                           ARTWMC
    search                                   ARTWMC
    password_change                          ARTWMC
    new_season                               AR
    registrations_register                   AR
    resend                                   AR
    my_mail                                  ARTWMC
    photo_review                             ARW
    compose                                  AR
    circular                                 AR
    import_table                             AR
    import_table?headings=players            AR
    import                                   AR
    service_health                           ART
    waiting_lists                            AR
    books                                    AT
    books?format=csv                         AT
    books?format=xlsx                        AT
    books_rows                               AT
    books_rows?format=csv                    AT
    books_arrears                            AT
    books_arrears?format=csv                 AT
    registration_photo                       ARW
    registration_move                        AR
    auth_user_password_change                A
    registration_merge                       AR
"""
# Pages that take part of a POST only, tested with what they do.
BY_POST = {"service_health_do", "needs_a_person_decide", "saved_filter"}
# Opened by a signed link only, tested with the papers.
BY_LINK = {"emergency_sheet"}
# Django's own that show nothing of the club's, or only what other pages would.
HARMLESS = {"login", "logout", "password_change_done", "jsi18n", "app_list", "view_on_site"}
OF_A_ROW = {"changelist", "add", "change", "history", "delete", "do"}
# Fields that not every reader of the row sees; all others are every reader's.
FIELDS = """
    registrations.Registration payment_link payment_day monthly               ART
    registrations.Registration fee_settled_at fee_settled_by                  ART
    registrations.Registration collection_arranged_at collection_arranged_by  ART
    registrations.Registration staff_notes why_flagged attention              AR
    registrations.Registration in_airtable read_by_model                      AR
    registrations.Registration sms_state sms_received_at                      ART
"""


def _lines(table, *, last=False):
    for line in filter(str.strip, table.splitlines()):
        *words, end = line.split()
        yield (words, end) if last else (line.split()[0], line.split()[1:])


def _label(model):
    return model._meta.label


def _shown(owner, request):
    """The fields, columns and filters of a kind of row."""
    row = owner.model._default_manager.first()
    fields = flatten_fieldsets(owner.get_fieldsets(request, row)) if row else []
    filters = (_filtered(each) for each in owner.get_list_filter(request))
    return {*fields, *owner.get_list_display(request), *filter(None, filters)}


@pytest.fixture
def people(db):
    """One login per role; none has a team yet."""
    made = {}
    for letter, role in LETTERS.items():
        made[letter] = User.objects.create_user(role, is_staff=True)
        made[letter].groups.add(Group.objects.get(name=role))
    return made


def _request(user):
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=user.pk)
    return request


def _rights(owner, request):
    asked = {
        "v": owner.has_view_permission,
        "a": owner.has_add_permission,
        "c": owner.has_change_permission,
        "d": owner.has_delete_permission,
        "p": getattr(owner, "has_press_permission", lambda request: False),
    }
    return "".join(letter for letter, may in asked.items() if may(request)) or "-"


def test_every_model_is_decided_for_every_role(people):
    wanted = dict(_lines(MODELS))
    requests = [_request(user) for user in people.values()]
    found = {
        _label(model): [_rights(owner, request) for request in requests]
        for model, owner in admin.site._registry.items()
    }
    assert found == wanted


def test_every_button_is_decided_for_every_role(people):
    wanted = {(label, name): who for label, (who, *names) in _lines(BUTTONS) for name in names}
    requests = {letter: _request(user) for letter, user in people.items()}
    found = {
        (_label(model), name): "".join(
            letter
            for letter, request in requests.items()
            if owner.has_view_permission(request) and owner._may_press(request, mark)
        )
        for model, owner in admin.site._registry.items()
        for name, mark in buttons_of(type(owner)).items()
    }
    assert found == wanted


def test_every_action_is_decided_for_every_role(people):
    wanted = {(label, name): who for label, (who, *names) in _lines(ACTIONS) for name in names}
    found, lists = {}, dict(_lines(MODELS))
    for model, owner in admin.site._registry.items():
        for user, cell in zip(people.values(), lists[_label(model)], strict=True):
            # Whoever may read a list may take it with them, and nobody else.
            given = owner.get_actions(_request(user)) if "v" in cell else {}
            assert {"export_csv", "export_xlsx"} <= set(given) or "v" not in cell, model
        if _label(model).startswith("auth."):
            continue
        for name in owner.actions or []:
            may = [
                letter
                for letter, user in people.items()
                if owner.has_view_permission(_request(user))
                and name in owner.get_actions(_request(user))
            ]
            found[_label(model), name if isinstance(name, str) else name.__name__] = "".join(may)
    assert found == wanted


def test_every_page_is_decided_for_every_role(people, club, client):
    TeamStaff.objects.create(user=people["M"], team=club.team)
    wanted = {page: who for page, (who,) in _lines(PAGES)}
    photo = Photo.objects.get()
    for page, who in wanted.items():
        name, _, query = page.partition("?")
        args = {
            "registration_photo": [photo.uuid],
            "registration_move": [photo.registration_id],
            "auth_user_password_change": [people["R"].pk],
            "registration_merge": [photo.registration_id],
            "resend": [404],
            "import": [404],
            "circular": [404],
        }.get(name, [])
        address = reverse(f"admin:{name}", args=args)
        # Nothing has been sent or handed in: whoever may look is told that there is no such page.
        opens = 404 if args == [404] else 200
        for letter, user in people.items():
            client.force_login(user)
            answer = client.get(f"{address}?{query}" if query else address)
            assert answer.status_code == (opens if letter in who else 403), (page, letter)


def _addresses(patterns):
    """The names of all addresses below some patterns."""
    for each in patterns:
        if hasattr(each, "url_patterns"):
            yield from _addresses(each.url_patterns)
        elif each.name:
            yield each.name


def test_no_address_of_the_office_is_without_its_line():
    decided = {page.partition("?")[0] for page, _ in _lines(PAGES)}
    decided |= BY_POST | BY_LINK | HARMLESS | {"autocomplete"}
    for model in admin.site._registry:
        base = f"{model._meta.app_label}_{model._meta.model_name}"
        decided |= {f"{base}_{page}" for page in OF_A_ROW}
    found = set(_addresses(admin.site.urls[0]))
    assert found - decided == set()
    # One's own account: whoever is signed in, and nobody else's (tests/office/test_accounts).
    own = set(_addresses(accounts.urlpatterns))
    assert {name for name in own if not name.startswith(("account_", "mfa_"))} == set()


def test_every_choice_by_typing_is_its_readers_and_of_rows_that_they_may_see(people, club, client):
    lists = dict(_lines(MODELS))
    away = TeamStaff.objects.create(user=people["M"], team=factories.team(name="Tigers"))
    asked = {}
    for model in admin.site._registry:
        for field in model._meta.fields:
            target = field.remote_field and field.remote_field.model
            if target in admin.site._registry:
                asked.setdefault(target, (model._meta, field.name))
    assert len(asked) > 15
    for target, (meta, name) in asked.items():
        given = {"app_label": meta.app_label, "model_name": meta.model_name, "field_name": name}
        searched = bool(admin.site._registry[target].search_fields)
        for (letter, user), cell in zip(people.items(), lists[_label(target)], strict=True):
            client.force_login(user)
            answer = client.get("/admin/autocomplete/", given | {"term": ""})
            status = (200 if "v" in cell else 403) if searched else 404
            assert answer.status_code == status, (target, letter)
            if status == 200 and letter == "M" and target not in (Season, Team):
                assert answer.json()["results"] == [], target
    assert away.team.registrations.count() == 0


def test_no_button_is_pressed_by_whoever_may_not_or_by_a_manager_of_another_team(
    people, club, client
):
    # One button of each line: those of a line ask for the same permission.
    pressed = {(label, name): who for label, (who, name, *_) in _lines(BUTTONS)}
    TeamStaff.objects.create(user=people["M"], team=club.team)
    other = User.objects.create_user("other", is_staff=True)
    other.groups.add(Group.objects.get(name=roles.MANAGER))
    TeamStaff.objects.create(user=other, team=factories.team(name="Tigers"))
    for letter, user in [*people.items(), ("-", other)]:
        client.force_login(user)
        for (label, name), who in pressed.items():
            owner = next(o for m, o in admin.site._registry.items() if _label(m) == label)
            row = owner.model._default_manager.first()
            if row is None or letter in who or (letter, name) in OF_OWN_TEAM:
                continue
            do = reverse(f"admin:{label.lower().replace('.', '_')}_do", args=[row.pk, name])
            answer = client.post(do, {"confirmed": "1", "reason": "x"})
            assert answer.status_code in (403, 404), (label, name, letter)
    # Nor is a guessed row of another team opened, or taken along in a spreadsheet.
    for label, cells in _lines(MODELS):
        owner = next(o for m, o in admin.site._registry.items() if _label(m) == label)
        row = owner.model._default_manager.first()
        if row is None or label == "registrations.Season":
            continue
        base = f"admin:{label.lower().replace('.', '_')}"
        for page in ("change", "history"):
            answer = client.get(reverse(f"{base}_{page}", args=[row.pk]))
            assert answer.status_code in (302, 403), (label, page)
        chosen = {"action": "export_csv", "_selected_action": [row.pk]}
        answer = client.post(reverse(f"{base}_changelist"), chosen)
        if "v" in cells[list(LETTERS).index("M")]:
            # The headings, at most: none of the rows is theirs.
            lines = answer.content.decode().strip().splitlines()
            assert answer.status_code == 302 or len(lines) == 1, label
        else:
            assert answer.status_code == 403, label


def test_every_row_opens_for_those_who_may_view_it_and_for_no_one_else(
    people,
    club,
    client,
    boss,
):
    TeamStaff.objects.create(user=people["M"], team=club.team)
    roleless = User.objects.create_user("nobody", is_staff=True)
    asked = {**people, "-": roleless}
    for label, cells in _lines(MODELS):
        owner = next(o for m, o in admin.site._registry.items() if _label(m) == label)
        row = owner.model._default_manager.first()
        if row is None:
            continue
        base = f"admin:{label.lower().replace('.', '_')}"
        for letter, cell in zip(asked, [*cells, "-"], strict=True):
            client.force_login(asked[letter])
            # Administrators' and registrars' pages are opened one by one in the pages' own test.
            may = "v" in cell
            if may and letter in "ART":
                continue
            status = 200 if may else 403
            for page, args in (("changelist", []), ("change", [row.pk]), ("history", [row.pk])):
                answer = client.get(reverse(f"{base}_{page}", args=args))
                # Whose queryset leaves the row out is told, as Django does, that it is not there.
                away = not may and page != "changelist" and answer.status_code == 302
                assert away or answer.status_code == status, (label, page, letter)


def test_a_manager_with_guessed_numbers_meets_only_their_own_team(
    people,
    club,
    client,
):
    own = factories.registration(team=factories.team(name="Tigers"), staff_notes="secret note")
    manager = people["M"]
    place = TeamStaff.objects.create(user=manager, team=own.team)
    client.force_login(manager)
    child, other = own.player.full_name, club.player.full_name

    # Lists, searches and the search of every page.
    for query in ({}, {"q": "Okafor"}, {"team": club.team_id}, {"q": club.code}):
        page = client.get("/admin/registrations/registration/", query).content.decode()
        assert other not in page
    for address in ("/admin/registrations/player/", "/admin/registrations/guardian/"):
        page = client.get(address).content.decode()
        assert str(club.guardian.phone) not in page and other not in page
    assert child in client.get("/admin/registrations/registration/").content.decode()
    found = client.get("/admin/search/", {"s": "Okafor"}).content.decode()
    assert child in found and other not in found
    assert other not in client.get("/admin/needs-a-person/").content.decode()
    assert other not in client.get("/admin/").content.decode()

    # Direct addresses: the row is not there, whatever is asked of it.
    rows = {
        "registration": club,
        "player": club.player,
        "guardian": club.guardian,
        "team": club.team,
        "suspension": club.suspensions.get(),
    }
    for name, row in rows.items():
        for page in ("change", "history"):
            answer = client.get(reverse(f"admin:registrations_{name}_{page}", args=[row.pk]))
            assert answer.status_code == 302 and answer["Location"] == "/admin/", (name, page)
        do = reverse(f"admin:registrations_{name}_do", args=[row.pk, "cancel"])
        assert client.post(do, {"confirmed": "1", "reason": "x"}).status_code == 404
    page = client.get(reverse("admin:registrations_registration_change", args=[own.pk]))
    assert child in page.content.decode() and "secret note" not in page.content.decode()
    do = reverse("admin:registrations_registration_do", args=[own.pk, "cancel"])
    assert client.post(do, {"confirmed": "1", "reason": "x"}).status_code == 403
    own.refresh_from_db()
    assert own.cancelled_at is None

    # Autocompletes and choices offer nobody else.
    ask = {"app_label": "registrations", "model_name": "teamstaff", "field_name": "team"}
    offered = client.get("/admin/autocomplete/", ask | {"term": ""}).json()["results"]
    assert [each["id"] for each in offered] == [str(own.team_id)]
    request = _request(manager)
    owner = admin.site._registry[Registration]
    choice = owner.formfield_for_foreignkey(Registration._meta.get_field("team"), request)
    assert list(choice.queryset) == [own.team]

    # The fact goes, and so does the access: nothing is remembered.
    place.delete()
    page = client.get("/admin/registrations/registration/").content.decode()
    assert child not in page


def test_what_a_role_may_not_see_of_a_registration_is_not_on_its_page(
    people,
    club,
    client,
):
    wanted = {
        (label, name): who for (label, *names), who in _lines(FIELDS, last=True) for name in names
    }
    found, lists = {}, dict(_lines(MODELS))
    for model, owner in admin.site._registry.items():
        readers = {
            letter: _request(user)
            for (letter, user), cell in zip(people.items(), lists[_label(model)], strict=True)
            if "v" in cell
        }
        shown = {letter: _shown(owner, request) for letter, request in readers.items()}
        for name in set().union(*shown.values()):
            who = "".join(letter for letter in readers if name in shown[letter])
            if who != "".join(readers):
                found[_label(model), name] = who
    assert found == wanted
    TeamStaff.objects.create(user=people["M"], team=club.team)
    client.force_login(people["M"])
    page = client.get(reverse("admin:registrations_registration_change", args=[club.pk]))
    # The transcript says hi, the SMS says Pay; both are others' to read.
    text = page.content.decode()
    assert "&lt;b&gt;hi" not in text and club.token not in text


def test_rows_of_a_kind_that_no_table_names_are_nobodys_but_theirs_who_see_every_team(people):
    row = factories.registration()
    manager, registrar = (User.objects.get(pk=people[x].pk) for x in "MR")
    assert not visible_to(manager, Group.objects.all()).exists()
    assert visible_to(manager, Season.objects.all()).get() == row.season
    assert not visible_to(manager, Team.objects.all()).exists()
    assert visible_to(registrar, Team.objects.all()).get() == row.team


def test_what_the_club_takes_from_a_role_stays_taken():
    group = Group.objects.get(name=roles.REGISTRAR)
    taken = group.permissions.get(codename="view_sms")
    group.permissions.remove(taken)
    roles.give(admin.site._registry[Team].opts.app_config)
    assert not group.permissions.filter(pk=taken.pk).exists()
