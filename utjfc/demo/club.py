"""Builds the demo club: everything on our side in one transaction, then the sandbox's file."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from random import Random

from django.conf import settings
from django.db import transaction

from integrations import clock
from integrations.sandbox.store import Store
from registrations.models import Registration, Season, Sms, Team
from utjfc.demo import about, families, records, seasons, staff
from utjfc.demo.bank import Bank
from utjfc.demo.base import Base, Document
from utjfc.demo.books import Books
from utjfc.demo.people import Town
from utjfc.demo.stories import Story, Teller
from utjfc.demo.texts import Texts

# Always the same club, so that what a volunteer has seen once is there again after a clean.
SEED = 1911
PLAYERS = {"this": range(5, 9), "last": range(4, 7)}
WITH_ROOM_PLAYERS = 9
RETURNING = 0.5


def build() -> bool:
    """Build it where there is no season yet; True where it was built."""
    staff.build()
    if Season.objects.exists():
        return False
    with transaction.atomic():
        about.build()
        kept = _build(Random(SEED))  # noqa: S311  a demo's names, not a secret
        staff.place()
    kept.store_photos()
    return True


def codes() -> list[str]:
    """The 200-codes of the teams that take players now, the one with most room first."""
    today = clock.today()
    open_now = Team.objects.filter(
        state=Team.State.OPEN, season__opens_on__lte=today, season__closes_on__gte=today
    ).select_related("season")
    first = seasons.WITH_ROOM
    ordered = sorted(open_now, key=lambda t: ((t.age_group, t.name) != first, t.age_number, t.name))
    return [team.code_for_new_players for team in ordered]


def _build(dice: Random) -> records.Records:
    this, last = seasons.build(clock.today())
    teams = {
        season.pk: seasons.build_teams(season, current=season is this, dice=dice)
        for season in (this, last)
    }
    stories = _stories(this, last, teams, dice)
    bank, texts, kept = Bank(), Texts(dice), records.Records(dice)
    _save_registrations(stories)
    families.price([story for story in stories if story.current])
    bank.live(stories)
    books = Books(bank)
    for story in stories:
        books.write(story)
        texts.write(story)
        kept.write(story)
    for model, rows in chain(books.rows(), kept.rows(), _texts(texts)):
        model._default_manager.bulk_create(rows, batch_size=400)
    records.talks([story for story in stories if story.registration.season_id == this.pk])
    base = Base()
    base.fill([this, last])
    _fill_sandbox(chain(bank.documents(), texts.documents(), base.documents()))
    return kept


def _stories(this: Season, last: Season, teams: dict[int, list[Team]], dice: Random) -> list[Story]:
    """Who registered for what; about half of this season's children were here last season."""
    since = clock.now() - timedelta(days=700)
    town = Town(dice, since)
    now, before = Teller(this, dice, current=True), Teller(last, dice, current=False)
    old_teams = {(team.age_group, team.name): team for team in teams[last.pk]}
    told: list[Story] = []
    for team in teams[this.pk]:
        for _ in range(_size(team, dice)):
            child = town.child(team.age_number, this.birthday_line)
            younger = old_teams.get((f"u{team.age_number - 1}", team.name))
            returning = younger is not None and dice.random() < RETURNING
            if returning and younger:
                told.append(before.story(child, younger, returning=False))
            told.append(now.story(child, team, returning=returning))
    for team in old_teams.values():
        for _ in range(dice.choice([0, 1, 2])):
            child = town.child(team.age_number, last.birthday_line)
            told.append(before.story(child, team, returning=False))
    _save_people(town)
    return told


def _size(team: Team, dice: Random) -> int:
    if (team.age_group, team.name) == seasons.WITH_ROOM:
        return WITH_ROOM_PLAYERS
    return dice.choice(PLAYERS["this"])


def _save_people(town: Town) -> None:
    for model, rows in town.rows():
        model._default_manager.bulk_create(rows, batch_size=400)


def _save_registrations(stories: list[Story]) -> None:
    stories.sort(key=lambda story: story.submitted_at)
    Registration.objects.bulk_create([story.registration for story in stories], batch_size=400)


def _texts(texts: Texts) -> Iterator[tuple[type[Sms], list[Sms]]]:
    yield Sms, texts.sms


def _fill_sandbox(documents: Iterable[Document]) -> None:
    """Write the sandbox's file; its process is not running yet."""
    store = Store(settings.SANDBOX_FILE)
    store.clear()
    store.put_many(list(documents))
    store.close()
