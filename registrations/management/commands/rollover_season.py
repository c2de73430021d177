"""Begin the next season: plan it, carry the plan out, or take it back."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date

from integrations import clock
from registrations import moving
from registrations.actions import rollover_commit, rollover_plan, rollover_undo
from registrations.actions.rollover_plan import NotPossible, Wishes
from registrations.models import Rollover, Season

BY = "rollover_season"


class Command(BaseCommand):
    """`manage.py rollover_season 2627 --dry-run`, then `--commit`; exit code 1 with the reason."""

    help = "Plan the next season from this one, carry the stored plan out, or undo it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("season", help="the season that ends, such as 2627")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--dry-run", action="store_true", help="store and print the whole plan")
        what.add_argument("--commit", action="store_true", help="carry out the stored plan")
        what.add_argument("--undo", action="store_true", help="until the first parent answered")
        parser.add_argument(
            "--move",
            action="append",
            default=[],
            metavar="U10 Lions = U11 Lions",
            help="rename, merge (two to one), split (one to several) or end (nothing after =)",
        )
        parser.add_argument(
            "--limit",
            action="append",
            default=[],
            metavar="16",
            help="children in every squad, or in one: “U11 Lions = 14”",
        )
        parser.add_argument(
            "--new-kit",
            action="append",
            default=[],
            metavar="U11 Lions",
            help="a team of the new season that gets new kit",
        )
        parser.add_argument("--kit-sizes", type=_sizes, metavar="7/8,9/10,S", help="in their order")
        parser.add_argument("--let-waiting-go", action="store_true")
        parser.add_argument("--hold-arrears", action="store_true")
        for name, words in _MONEY.items():
            parser.add_argument(f"--{name.replace('_', '-')}", type=_pence, help=words)
        for name in rollover_plan.DAYS:
            parser.add_argument(f"--{name.replace('_', '-')}", type=_day, help="YYYY-MM-DD")

    def handle(self, *args: Any, **options: Any) -> None:
        season = Season.objects.filter(code=options["season"]).first()
        if season is None:
            raise CommandError(f"There is no season {options['season']}.")
        try:
            if options["dry_run"]:
                self._print(rollover_plan.plan(season, _wishes(options), at=clock.now(), by=BY))
                return
            rollover = _latest(season, undo=options["undo"])
            if options["undo"]:
                rollover_undo.undo(rollover.pk, at=clock.now(), by=BY)
                self.stdout.write(f"{rollover}: taken back.")
                return
            done = rollover_commit.commit(rollover.pk, at=clock.now(), by=BY)
        except NotPossible as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{done}: committed. Now invite the families: invite_families.")

    def _print(self, rollover: Rollover) -> None:
        totals = rollover.totals
        self.stdout.write(f"{rollover}: nothing has been changed; this is the stored plan.")
        for what, before, after in moving.before_and_after(
            rollover.from_season, rollover_plan.season_values(rollover)
        ):
            self.stdout.write(f"  {what}: {before} -> {after}")
        for row in totals["per_team"]:
            limit = f" of {row['limit']}" if row["limit"] else ""
            waits = f", {row['waiting']} waiting" if row["waiting"] else ""
            kit = ", new kit" if row["kit"] else ""
            words = f"{row['players']}{limit}{waits}{kit}"
            self.stdout.write(f"  {row['team']:<24} {words}  ({row['from']})")
        self.stdout.write(
            f"{totals['players']} children: {totals['placed']} placed, {totals['waiting']} waiting,"
            f" {totals['unplaced']} without a place; {totals['families']} families,"
            f" {totals['families_of_several']} of them with several children."
        )
        for problem in rollover.problems:
            child = f" (place {problem['place']})" if problem["place"] else ""
            self.stdout.write(f"  LOOK {problem['team']}: {problem['words']}{child}")


_MONEY = {
    "signing_on_fee_pence": "of the new season, in pence",
    "monthly_fee_pence": "of the new season, in pence",
}


def _wishes(options: dict[str, Any]) -> Wishes:
    names = (*_MONEY, *rollover_plan.DAYS, "kit_sizes")
    return Wishes(
        moves="\n".join(options["move"]),
        limits="\n".join(options["limit"]),
        kit="\n".join(options["new_kit"]),
        values={name: options[name] for name in names if options[name] is not None},
        waiting=Rollover.Waiting.LET_GO if options["let_waiting_go"] else Rollover.Waiting.CARRY,
        arrears=Rollover.Arrears.HOLD if options["hold_arrears"] else Rollover.Arrears.INVITE,
    )


def _latest(season: Season, *, undo: bool) -> Rollover:
    rows = season.rollovers.filter(undone_at=None)
    if undo:
        rows = rows.filter(started_at__isnull=False)
    found = rows.order_by("-pk").first()
    if found is None:
        raise NotPossible("Nothing was committed." if undo else "Make a plan first: --dry-run.")
    return found


def _pence(text: str) -> int:
    pence = int(text)
    if not 0 <= pence <= 100_000:
        raise ValueError
    return pence


def _sizes(text: str) -> list[str]:
    return [size.strip() for size in text.split(",") if size.strip()]


def _day(text: str) -> date:
    day = parse_date(text)
    if day is None:
        raise ValueError
    return day
