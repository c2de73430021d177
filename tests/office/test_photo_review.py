"""A person looks at photos: approved by the dozen, or asked for again by text with the reason."""

import io

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from PIL import Image

from integrations import clock
from registrations.actions import photo_review
from registrations.chat import steps
from registrations.models import ChatSession, Consent, Draft, Photo, PhotoBytes
from tests import factories

pytestmark = pytest.mark.django_db
REVIEW = "admin:photo_review"


@pytest.fixture(autouse=True)
def clerk(client, settings):
    """A registrar, signed in."""
    settings.PUBLIC_URL = "https://club.example"
    return sign_in(client, "Registrar")


def sign_in(client, role):
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return user


def photo(row=None):
    face, now = io.BytesIO(), clock.now()
    Image.new("RGB", (900, 1200), "navy").save(face, "JPEG")
    row = row or factories.registration()
    made = Photo.objects.create(
        registration=row, uploaded_at=now, accepted_at=now, state="accepted", due_at=now
    )
    PhotoBytes.objects.create(photo=made, jpeg=face.getvalue())
    return made


def decide(client, choices, **given):
    return client.post(
        reverse(REVIEW), {f"photo{pk}": what for pk, what in choices.items()} | given
    )


def test_many_are_approved_at_once_and_only_those_that_were_shown(client):
    one, two, three = photo(), photo(), photo()
    page = client.get(reverse(REVIEW))
    assert [each.pk for each in page.context["page"]] == [one.pk, two.pk, three.pk]
    decide(client, {one.pk: "", two.pk: ""}, all="1")
    assert list(photo_review.to_review()) == [three]
    one.refresh_from_db()
    assert (one.reviewed_by, one.state, one.due_at is not None) == ("Registrar", "accepted", True)
    assert one.registration.timeline.get().text == "Photo approved"
    decide(client, {one.pk: "approve", 999: "approve", "x": "approve"})  # late, gone, nonsense
    assert one.registration.timeline.count() == 1
    home = client.get(reverse("admin:index")).context["figures"]
    assert {figure.label: figure.value for figure in home}["Photos to look at"] == "1"
    small = client.get(reverse("admin:registration_photo", args=[three.uuid]), {"small": "1"})
    assert Image.open(io.BytesIO(small.content)).size == (345, 460)


def test_who_is_asked_again_gets_one_text_with_the_reason_and_a_way_back(client):
    one = photo()
    row, now = one.registration, clock.now()
    session = ChatSession.objects.create(key="k", started_at=now, last_seen_at=now)
    draft = Draft.objects.create(
        session=session, team=row.team, kind="200", code=row.code, registration=row,
        answers={"photo": "accepted"}, sensitive="{}", started_at=now, last_answer_at=now,
    )  # fmt: skip
    for _ in range(2):  # pressed twice
        decide(client, {one.pk: "dark"})
    text = row.sms.get(kind="photo_again")
    assert "because it is too dark or blurred. Here: https://club.example/resume/" in text.body
    assert text.asked_by == "Registrar"
    one.refresh_from_db()
    draft.refresh_from_db()
    assert (one.state, one.refusal, one.due_at) == ("refused", "dark", None)
    assert not PhotoBytes.objects.exists()
    assert "photo" not in draft.answers
    step = next(step for step in steps.STEPS if step.number == steps.UPLOAD)
    assert not step.settled(draft)

    other = photo(factories.registration(guardian=factories.guardian(phone="")))
    decide(client, {other.pk: "several"})
    email = other.registration.emails.get()
    assert "because more than one person is in it. By e-mail to" in " ".join(email.body.split())


def test_the_welfare_officer_looks_and_decides_nothing_others_do_not_look(client):
    one = photo()
    sign_in(client, "Welfare officer")
    page = client.get(reverse(REVIEW))
    assert (page.status_code, page.context["may_press"]) == (200, False)
    assert decide(client, {one.pk: "approve"}).status_code == 403
    for role in ("Treasurer", "Team manager", "Committee"):
        sign_in(client, role)
        assert client.get(reverse(REVIEW)).status_code == 403
    assert list(photo_review.to_review()) == [one]


def test_the_squad_sheet_shows_faces_of_those_whose_parents_agreed(client, monkeypatch):
    shown = []
    monkeypatch.setattr("registrations.admin.papers.jpeg_of", lambda one: shown.append(one))
    yes, no = photo(), photo()
    for one, given in ((yes, True), (no, False)):
        Consent.objects.create(
            registration=one.registration, kind="photo_squad", wording="1", given=given,
            decided_at=clock.now(),
        )  # fmt: skip
    team = yes.registration.team
    answer = client.post(reverse("admin:registrations_team_do", args=[team.pk, "squad_sheet"]))
    assert answer.content.startswith(b"%PDF")
    assert shown == [yes]
    assert not no.registration.timeline.exists()
