"""What happened to each registration: its fate, when, and the facts that follow from it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from random import Random

from integrations import clock
from registrations.actions.states import derive_status
from registrations.keys import child_key, contact_key
from registrations.models import Registration, Season, Team
from utjfc.demo import names
from utjfc.demo.people import Child


class Fate(Enum):
    """How a registration ended up."""

    ACTIVE = "paid and collecting"
    BY_HAND = "fee recorded by hand, Direct Debit in place"
    PENDING = "has not paid yet"
    LOST = "Direct Debit cancelled at the bank"
    FAILED_MONTH = "a month's collection failed"
    SUSPENDED = "suspended by the club"
    CANCELLED = "cancelled after paying"
    GAVE_UP = "cancelled before paying"
    WAITING = "waiting for a place"
    TRIAL = "trains with a team until a day"


# Nothing is asked of these yet.
UNASKED = frozenset({Fate.WAITING, Fate.TRIAL})
PAID = frozenset(Fate) - UNASKED - {Fate.PENDING, Fate.GAVE_UP}
THIS_SEASON = {
    Fate.ACTIVE: 120,
    Fate.PENDING: 40,
    Fate.FAILED_MONTH: 8,
    Fate.LOST: 7,
    Fate.SUSPENDED: 6,
    Fate.CANCELLED: 6,
    Fate.GAVE_UP: 5,
    Fate.BY_HAND: 6,
    Fate.TRIAL: 4,
}
LAST_SEASON = {Fate.ACTIVE: 100, Fate.BY_HAND: 5, Fate.CANCELLED: 6, Fate.GAVE_UP: 4}


@dataclass
class Story:
    """One registration with what the other parts of the demo need to know about it."""

    registration: Registration
    fate: Fate
    submitted_at: datetime
    paid_at: datetime | None
    current: bool = True
    ended_at: datetime | None = None
    # Ids that the sandbox gave, by our name for the thing.
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def team(self) -> Team:
        return self.registration.team

    @property
    def settled_at(self) -> datetime:
        """When it was paid; only for those who did."""
        assert self.paid_at is not None
        return self.paid_at

    @property
    def day(self) -> int:
        """The chosen payment day."""
        assert self.registration.payment_day is not None
        return self.registration.payment_day


def moments(season: Season, count: int, dice: Random) -> list[datetime]:
    """When registrations came in: from the opening to an hour ago, most of them in summer."""
    opened = datetime.combine(season.opens_on, datetime.min.time(), clock.LONDON)
    latest = min(clock.now() - timedelta(hours=1), opened + timedelta(days=150))
    span = max((latest - opened).total_seconds(), 60)
    drawn = (opened + timedelta(seconds=span * dice.random() ** 1.6) for _ in range(count))
    # People register from breakfast to bedtime.
    return sorted(min(at.replace(hour=7 + at.hour * 15 // 24), latest) for at in drawn)


class Teller:
    """Tells the stories of one season."""

    def __init__(self, season: Season, dice: Random, *, current: bool) -> None:
        self.season = season
        self.dice = dice
        self.current = current
        self._shirts: dict[int, list[int]] = {}

    def story(self, child: Child, team: Team, *, returning: bool) -> Story:
        """A registration of this child, not saved, with its facts and its status."""
        fate = self._fate(team)
        submitted = moments(self.season, 1, self.dice)[0]
        paid = submitted + timedelta(minutes=self.dice.randint(4, 2500))
        if paid > clock.now() - timedelta(minutes=30):
            # Too fresh to have been paid and reported by the bank.
            fate = fate if fate in UNASKED else Fate.PENDING
        told = Story(
            self._registration(child, team, submitted, returning=returning),
            fate,
            submitted,
            paid if fate in PAID else None,
            self.current,
        )
        self._settle(told)
        return told

    def _fate(self, team: Team) -> Fate:
        if self.current and team.state == Team.State.FULL and self.dice.random() < 0.3:
            return Fate.WAITING
        odds = THIS_SEASON if self.current else LAST_SEASON
        return self.dice.choices(list(odds), list(odds.values()))[0]

    def _registration(
        self, child: Child, team: Team, at: datetime, *, returning: bool
    ) -> Registration:
        player, dice, season = child.player, self.dice, self.season
        ill = dice.random() < 0.12
        elsewhere = not returning and dice.random() < 0.35
        return Registration(
            season=season,
            team=team,
            player=player,
            guardian=child.guardian,
            second_guardian=child.second,
            kind="100" if returning else "200",
            code=_code(player, team, season, returning=returning),
            relationship="Mother" if child.guardian.first_name in names.WOMEN else "Father",
            has_medical_issues=ill,
            medical_notes=dice.choice(names.ILLNESSES) if ill else "",
            played_last_season=returning,
            played_elsewhere=elsewhere,
            previous_team=dice.choice(names.ELSEWHERE) if elsewhere else "",
            signing_on_fee_pence=season.signing_on_fee_pence,
            monthly_fee_pence=season.monthly_fee_pence,
            payment_day=dice.choice([1, 1, 5, 10, 15, 15, 20, 25, 28, -1, -1]),
            submitted_at=at,
            age_mismatch=_mismatch(player.dob, team, season),
            child_key=child_key(player.first_name, player.last_name, player.dob),
            contact_key=contact_key(str(child.guardian.phone)),
        )

    def _settle(self, told: Story) -> None:
        """Write the facts of the fate, then the status that follows."""
        row, fate = told.registration, told.fate
        if told.paid_at:
            by_hand = fate is Fate.BY_HAND
            row.fee_settled_at, row.fee_settled_by = told.paid_at, "by_hand" if by_hand else "paid"
            row.collection_arranged_at, row.collection_arranged_by = told.paid_at, "mandate"
        told.ended_at = self._end(told)
        if fate is Fate.LOST:
            row.collection_arranged_at, row.collection_arranged_by = None, ""
            _flag(row, "Direct Debit lost: cancelled at the bank", told.ended_at)
        if fate is Fate.FAILED_MONTH:
            _flag(row, "a monthly payment failed", told.ended_at)
        if fate in (Fate.CANCELLED, Fate.GAVE_UP):
            row.cancelled_at = told.ended_at
            row.cancelled_reason = "moved away" if fate is Fate.CANCELLED else "changed their mind"
        if fate is Fate.WAITING:
            row.waiting_since = told.submitted_at
        if fate is Fate.TRIAL:
            row.trial_ends_at = clock.now() + timedelta(days=self.dice.randint(3, 12))
        self._kit(told)
        row.status = derive_status(row, suspended=fate is Fate.SUSPENDED)

    def _end(self, told: Story) -> datetime | None:
        """When it was lost, failed, suspended or cancelled: some time since, in this season."""
        if told.fate not in (_ENDED if told.paid_at else {Fate.GAVE_UP}):
            return None
        since = told.paid_at or told.submitted_at
        until = min(clock.now() - timedelta(minutes=5), since + timedelta(days=120))
        return since + (until - since) * self.dice.uniform(0.3, 0.95)

    def _kit(self, told: Story) -> None:
        row = told.registration
        if told.fate in (Fate.PENDING, Fate.GAVE_UP) and self.dice.random() < 0.3:
            return  # left before the last questions
        if told.fate is Fate.TRIAL:
            return  # kit and money are for whoever stays
        row.completed_at = told.submitted_at + timedelta(minutes=self.dice.randint(2, 9))
        row.sms_received_at = None if row.waiting_since else row.completed_at
        row.new_kit_required = row.kind == "200" or row.team.kit_due
        if row.cancelled_at:
            return
        if row.new_kit_required:
            sizes = self.season.kit_sizes
            row.kit_size = sizes[min(max(row.team.age_number // 2 - 2, 0), len(sizes) - 1)]
        row.shirt_number = self._shirt(row.team)

    def _shirt(self, team: Team) -> int | None:
        free = self._shirts.setdefault(team.pk, self.dice.sample(range(1, 26), 25))
        return free.pop() if free else None


_ENDED = {Fate.LOST, Fate.FAILED_MONTH, Fate.SUSPENDED, Fate.CANCELLED}


def _flag(row: Registration, words: str, at: datetime | None) -> None:
    row.flags, row.flagged_at = [words], at


def _code(player, team: Team, season: Season, *, returning: bool) -> str:
    if not returning:
        return team.code_for_new_players
    name = f"{player.first_name}-{player.last_name}".lower()
    return f"100-{team.name.lower()}-{team.age_group}-{season.code}-{name}"


def _mismatch(dob: date, team: Team, season: Season) -> bool:
    line = season.birthday_line
    years = line.year - dob.year - ((line.month, line.day) < (dob.month, dob.day))
    return years + 1 != team.age_number
