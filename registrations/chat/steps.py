"""The questions for a new player, as data, under the club's numbers (domain 2.1).

Where a parent is follows from what the draft holds: `next_step` is the first step that applies and
is not settled. A number may hold several small questions (5, 6, 33).
"""

from collections.abc import Callable
from dataclasses import dataclass

from registrations.models import Draft, Registration

OWN_CONTACTS_FROM = 16  # age group from which the child's own mobile and e-mail are asked
GROUPS = frozenset({"same_parent", "same_child", "same_consents"})
UPLOAD = 34
DONE = 35


@dataclass(frozen=True)
class Step:
    """One question: its number, the field it fills, when it is asked and when it is answered.

    `clears` names the answers that going back to it takes away.
    """

    number: int
    field: str
    applies: Callable[[Draft], bool]
    settled: Callable[[Draft], bool]
    clears: tuple[str, ...] = ()

    @property
    def submitted(self) -> bool:
        """Whether this question comes after the registration has been sent in."""
        return self.number > 28


def has(field: str) -> Callable[[Draft], bool]:
    """Whether a field has been answered."""
    return lambda draft: field in draft.answers


def medical(draft: Draft, key: str) -> object:
    """A fact about step 5: "has", "serious", "followed_up", "consent"."""
    return (draft.answers.get("medical") or {}).get(key)


def team_number(draft: Draft) -> int:
    """10 for a team of U10s."""
    return draft.team.age_number


def needs_kit(draft: Draft) -> bool:
    """New to the club, or the team is due new kit this season (domain 2.5)."""
    return not draft.answers.get("played_last_season") or draft.team.kit_due


def _always(draft: Draft) -> bool:
    return True


def _never(draft: Draft) -> bool:
    return False


def _has_medical(draft: Draft) -> bool:
    return bool(medical(draft, "has"))


def _serious(draft: Draft) -> bool:
    return _has_medical(draft) and bool(medical(draft, "serious"))


def _medical_known(key: str) -> Callable[[Draft], bool]:
    return lambda draft: medical(draft, key) is not None


def _played_elsewhere(draft: Draft) -> bool:
    return draft.answers.get("played_last_season") is False


def _typing_owed(who: str) -> Callable[[Draft], bool]:
    """Nothing was found for the number and postcode, or the parent said it was wrong."""
    return lambda draft: f"{who}_house" in draft.answers


def _address_ok(who: str) -> Callable[[Draft], bool]:
    return lambda draft: bool(draft.answers.get(f"{who}_address_ok"))


def _elsewhere(draft: Draft) -> bool:
    return draft.answers.get("same_address") is False


def _elsewhere_and_house(draft: Draft) -> bool:
    return _elsewhere(draft) and "child_house" in draft.answers


def _own_contacts(draft: Draft) -> bool:
    return team_number(draft) >= OWN_CONTACTS_FROM


def _submitted(draft: Draft) -> bool:
    return draft.registration_id is not None


def _placed(draft: Draft) -> bool:
    return draft.registration is not None and draft.registration.in_squad


def _wants_kit(draft: Draft) -> bool:
    needed = draft.registration and draft.registration.new_kit_required
    return _placed(draft) and needed is not False


def _registration_has(field: str) -> Callable[[Draft], bool]:
    return lambda draft: (
        draft.registration is not None and getattr(draft.registration, field) not in (None, "")
    )


def _link_settled(draft: Draft) -> bool:
    """The parent has the link, or carries on without it."""
    arrived = draft.registration is not None and draft.registration.sms_received_at
    return bool(arrived) or "sms_received" in draft.answers


def _photo_accepted(draft: Draft) -> bool:
    return draft.answers.get("photo") == "accepted"


def _asked(number: int, field: str, applies=_always, *clears: str) -> Step:
    return Step(number, field, applies, has(field), (field, *clears))


def _of_medical(field: str, applies: Callable[[Draft], bool], key: str) -> Step:
    return Step(5, field, applies, _medical_known(key), ("medical",))


def _address(who: str, first: int, applies, with_house) -> list[Step]:
    """Postcode, number, typed address, confirmation: 12 to 15, and 18 to 21 for a child's own."""
    found = (f"{who}_address", f"{who}_address_ok")
    return [
        _asked(first, f"{who}_postcode", applies, f"{who}_house", *found),
        _asked(first + 1, f"{who}_house", applies, *found),
        Step(first + 2, f"{who}_address", with_house, has(f"{who}_address"), found),
        Step(first + 3, f"{who}_address_ok", with_house, _address_ok(who), found),
    ]


def _returning(draft: Draft) -> bool:
    return draft.kind == Registration.Kind.RETURNING


def _new(draft: Draft) -> bool:
    return not _returning(draft)


def _asked_of(which: str) -> Callable[[Draft], bool]:
    """Asked once a family: of the first child's draft ("lead"), or of the last one's ("last")."""
    return lambda draft: _returning(draft) and bool(draft.asked.get(which))


STEPS = [
    _asked(1, "parent_name"),
    _asked(2, "child_name"),
    _asked(3, "child_dob"),
    _asked(4, "gender"),
    _asked(5, "medical"),
    _of_medical("medical_follow_up", _serious, "followed_up"),
    _of_medical("medical_consent", _has_medical, "consent"),
    _asked(6, "played_last_season", _always, "previous_team"),
    _asked(6, "previous_team", _played_elsewhere),
    _asked(7, "relationship"),
    _asked(8, "parent_mobile"),
    _asked(9, "parent_email"),
    _asked(10, "comms_consent"),
    _asked(11, "parent_dob"),
    *_address("parent", 12, _always, _typing_owed("parent")),
    _asked(16, "same_address"),
    *_address("child", 18, _elsewhere, _elsewhere_and_house),
    _asked(23, "child_mobile", _own_contacts),
    _asked(24, "child_email", _own_contacts),
    _asked(25, "photo_use"),
    _asked(26, "second_contact"),
    # A child who comes back: last season's answers, group by group.
    Step(27, "same_parent", _asked_of("lead"), has("same_parent"), ("same_parent",)),
    Step(27, "same_child", _returning, has("same_child"), ("same_child",)),
    Step(27, "same_consents", _asked_of("last"), _submitted),
    Step(28, "confirmed", _new, _submitted),
    Step(29, "payment_day", _submitted, _registration_has("payment_day")),
    Step(30, "sms_received", _placed, _link_settled),
    Step(32, "kit_size", _wants_kit, _registration_has("kit_size")),
    Step(33, "shirt_number", _wants_kit, _registration_has("shirt_number")),
    Step(UPLOAD, "photo", _placed, _photo_accepted),
    Step(DONE, "done", _always, _never),
]
BY_FIELD = {step.field: step for step in STEPS}


def next_step(draft: Draft) -> Step:
    """The question that the next message answers."""
    return next(step for step in STEPS if step.applies(draft) and not step.settled(draft))


def step_before(draft: Draft) -> Step | None:
    """The question answered last before the current one; None at the start and once sent in."""
    current = next_step(draft)
    if current.submitted:
        return None
    earlier = STEPS[: STEPS.index(current)]
    if _returning(draft):
        # Last season's answers were not given in this conversation: going back keeps them.
        given = draft.asked.get("at") or {}
        earlier = [step for step in earlier if step.field in given]
    answered = [step for step in earlier if step.applies(draft) and step.settled(draft)]
    return answered[-1] if answered else None


def progress(draft: Draft) -> tuple[int, int]:
    """Which question this is, and about how many there are: (5, 22)."""
    current = next_step(draft)
    if _returning(draft):
        return _progress_back(draft, current)
    numbers = sorted({step.number for step in STEPS if _counts(step, draft)} | {current.number})
    return numbers.index(current.number) + 1, len(numbers)


def sitting(draft: Draft) -> list[Draft]:
    """The drafts of a family that comes back, of all its children, eldest first."""
    rows = Draft.objects.filter(session=draft.session_id, place__isnull=False)
    return list(rows.select_related("team", "registration").order_by("place__player__dob", "place"))


def _progress_back(draft: Draft, current: Step) -> tuple[int, int]:
    """Of a family's few questions about all children; what last season answered counts not."""
    mine = _counted_back(draft, current)
    done, total = mine.index(current), len(mine)
    for other in sitting(draft):
        if other.pk != draft.pk:
            theirs = _counted_back(other)
            done, total = done + sum(step.settled(other) for step in theirs), total + len(theirs)
    return done + 1, total


def _counted_back(draft: Draft, current: Step | None = None) -> list[Step]:
    asked = [step for step in STEPS if step.number != DONE and step.applies(draft)]
    counted = [step for step in asked if step.field in GROUPS or not step.settled(draft)]
    return counted if current is None or current in counted else [*counted, current]


def _counts(step: Step, draft: Draft) -> bool:
    """Steps to come count as far as they can be foreseen; typing an address is not foreseen."""
    if step.number == DONE:
        return False
    if step.number in (14, 20):
        return False
    if step.number in (15, 29, 30, 34):
        return True
    if step.number in (32, 33):
        return needs_kit(draft)
    return step.applies(draft)
