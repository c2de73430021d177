"""What else hangs on a registration: consents, the timeline, photos, suspensions, talks."""

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from random import Random

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import models
from PIL import Image, ImageDraw

from integrations import clock
from registrations.models import (
    ChatMessage,
    ChatSession,
    Consent,
    Draft,
    Photo,
    Suspension,
    TimelineEntry,
)
from registrations.models.registrations import Registration
from utjfc.demo.stories import UNASKED, Fate, Story

WORDING = "demo"
SKIES = ["#8fb8de", "#e0c16b", "#9cc49a", "#d99c8f", "#b3a3d6", "#8cc7c4"]
SHIRT = "#1b3f8b"


class Records:
    """Collects the rows of all stories."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.consents: list[Consent] = []
        self.timeline: list[TimelineEntry] = []
        self.photos: list[Photo] = []
        self.suspensions: list[Suspension] = []
        self._pictures = [picture(colour) for colour in SKIES]

    def write(self, story: Story) -> None:
        """The rows of one registration, which is saved already."""
        self._consent(story)
        self._tell(story)
        if story.fate is Fate.SUSPENDED and story.ended_at:
            self.suspensions.append(
                Suspension(
                    registration=story.registration,
                    reason="Two red cards this month; league ban",
                    suspended_at=story.ended_at,
                    decided_by=get_user_model().objects.get(username="welfare"),
                )
            )
        if story.current and story.registration.shirt_number and self.dice.random() < 0.8:
            self._photo(story)

    def rows(self) -> Iterator[tuple[type[models.Model], list]]:
        """What is to be saved."""
        yield Consent, self.consents
        yield TimelineEntry, self.timeline
        yield Photo, self.photos
        yield Suspension, self.suspensions

    def store_photos(self) -> None:
        """Put the pictures where photos live, straight: the pace of a service is not needed."""
        for photo in self.photos:
            storages["photos"].save(photo.storage_key, ContentFile(self._of(photo)))

    def _consent(self, story: Story) -> None:
        chance = {
            "privacy_notice": 1.0,
            "model_reading": 0.9,
            "club_messages": 0.85,
            "photo_squad": 0.9,
            "photo_public": 0.55,
        }
        if story.registration.has_medical_issues:
            chance["medical"] = 1.0
        for kind, likely in chance.items():
            self.consents.append(
                Consent(
                    registration=story.registration,
                    kind=kind,
                    wording=WORDING,
                    given=self.dice.random() < likely,
                    decided_at=story.submitted_at,
                )
            )

    def _tell(self, story: Story) -> None:
        told = [("chat", "Registration submitted", story.submitted_at)]
        if story.fate not in UNASKED:
            asked_at = story.submitted_at + timedelta(seconds=2)
            told.append(("payment", "Payment request made at GoCardless", asked_at))
        if story.paid_at:
            by_hand = story.fate is Fate.BY_HAND
            fee = "recorded by hand" if by_hand else "paid through GoCardless"
            told.append(("payment", f"Signing-on fee: {fee}", story.paid_at))
            told.append(("payment", "Monthly collection: Direct Debit mandate", story.paid_at))
        if story.ended_at:
            told.append(("state", story.fate.value.capitalize(), story.ended_at))
        for kind, text, at in told:
            self.timeline.append(
                TimelineEntry(registration=story.registration, kind=kind, text=text, at=at)
            )

    def _photo(self, story: Story) -> None:
        at = story.registration.completed_at or story.submitted_at
        jpeg = self.dice.choice(self._pictures)
        photo = Photo(
            registration=story.registration,
            file_name="photo.jpg",
            state=Photo.State.ACCEPTED,
            width=480,
            height=600,
            size_bytes=len(jpeg),
            sha256=hashlib.sha256(jpeg).hexdigest(),
            uploaded_at=at,
            accepted_at=at,
            stored_at=at + timedelta(seconds=5),
        )
        photo.storage_key = photo.key
        self.photos.append(photo)

    def _of(self, photo: Photo) -> bytes:
        known = {hashlib.sha256(jpeg).hexdigest(): jpeg for jpeg in self._pictures}
        return known[photo.sha256]


def picture(background: str) -> bytes:
    """A drawn head and shoulders, 480 by 600, as JPEG: nobody's photo."""
    image = Image.new("RGB", (480, 600), background)
    pen = ImageDraw.Draw(image)
    pen.ellipse((60, 400, 420, 800), fill=SHIRT)
    pen.rectangle((205, 330, 275, 430), fill="#e3b896")
    pen.ellipse((140, 120, 340, 370), fill="#f0c8a8")
    pen.pieslice((130, 95, 350, 340), 180, 360, fill="#5a3d28")
    for x in (195, 275):
        pen.ellipse((x, 235, x + 14, 249), fill="#2b2b2b")
    pen.arc((195, 255, 285, 320), 20, 160, fill="#9c4a3c", width=5)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def talks(stories: list[Story]) -> None:
    """Two conversations that wait for a person: one asked for one, one has a returning player."""
    now = clock.now()
    asked = now - timedelta(hours=3)
    session = ChatSession.objects.create(
        key="demo-asks-for-a-person",
        started_at=asked,
        last_seen_at=asked,
        wants_person_at=asked,
    )
    lines = [
        ("parent", "My son has played for two clubs this year, can he still join?"),
        ("club", "That is one for our registrar, who will look at it and get in touch."),
    ]
    ChatMessage.objects.bulk_create(
        ChatMessage(session=session, role=role, text=text, at=asked + timedelta(seconds=at))
        for at, (role, text) in enumerate(lines)
    )
    back = now - timedelta(days=1)
    team = stories[0].team
    session = ChatSession.objects.create(
        key="demo-returning-player", started_at=back, last_seen_at=back
    )
    season = stories[0].registration.season
    session.draft = Draft.objects.create(
        session=session,
        team=team,
        kind=Registration.Kind.RETURNING,
        code=f"100-{team.name.lower()}-{team.age_group}-{season.code}-Robin-Hargreaves",
        started_at=back,
        last_answer_at=back,
        handed_over_at=back,
    )
    session.save(update_fields=["draft"])
