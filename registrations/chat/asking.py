"""How our own page asks each question: which keyboard, which buttons, what it is called."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from integrations import clock
from registrations.actions import proving_back
from registrations.chat import offers, steps
from registrations.models import ChatSession, Draft

Choice = tuple[str, str]  # what the button says, what it sends
YES_NO: tuple[Choice, ...] = (("Yes", "Yes"), ("No", "No"))


@dataclass(frozen=True)
class Ask:
    """One question as a form. `name` is the question's own and goes back with the answer, so that
    a message meant for a question that is settled is not taken for the next one's."""

    name: str
    kind: str = "text"  # text choice date tel email number shirt kit photo pay done
    label: str = "Your message"
    choices: tuple[Choice, ...] = ()
    autocomplete: str = "off"
    inputmode: str = "text"
    capitals: str = "sentences"
    hint: str = ""
    more: tuple[Choice, ...] = ()  # small requests beside the question: back, why, a person
    free: tuple[int, ...] = ()
    lines: int = 1

    @property
    def as_json(self) -> dict[str, Any]:
        """What the page's script and other clients read."""
        shown = {**asdict(self), "choices": _labelled(self.choices), "more": _labelled(self.more)}
        return {name: value for name, value in shown.items() if value not in ("", (), [])}


def _labelled(choices: tuple[Choice, ...]) -> list[dict[str, str]]:
    return [{"label": label, "value": value} for label, value in choices]


_RIGHT: tuple[Choice, ...] = (("Yes, that is right", "Yes"), ("No", "No"))
_BACK: Choice = ("Go back", "go back")
_WHY: Choice = ("Why do you ask?", "why do you need that?")
_RESTART: Choice = ("Start again", "start again")
_PERSON: Choice = ("Ask for a person", "speak to a person")

CODE = Ask(
    "code",
    label="Your registration code",
    hint="It looks like 200-lions-u10-2627. Your coach or team manager has it.",
    capitals="none",
)
CLOSED = Ask("handed_over", label="Anything to add for the club?", more=(_PERSON,))
BIRTHDAY = Ask("back_birthday", "date", "Your child's date of birth", hint="Such as 14 5 2017")
DIGITS = Ask(
    "back_digits",
    label="The six digits",
    autocomplete="one-time-code",
    inputmode="numeric",
    capitals="none",
    choices=(("Send it again", "send it again"), ("Send it by e-mail", "send it by e-mail")),
)
_PROVING = {ask.name: ask for ask in (BIRTHDAY, DIGITS)}
_PENDING = {
    "second_code": Ask("second_code", "choice", "Yes or no", YES_NO),
    "restart": Ask(
        "restart", "choice", "Start again?", (("Yes, start again", "Yes"), ("No, carry on", "No"))
    ),
}


def _yes_no(name: str, label: str, yes: str = "Yes", no: str = "No") -> Ask:
    return Ask(name, "choice", label, ((yes, "Yes"), (no, "No")))


def _address(who: str, whose: str, autocomplete: bool) -> list[Ask]:
    filled = ("postal-code", "address-line1", "street-address") if autocomplete else ("off",) * 3
    return [
        Ask(
            f"{who}_postcode",
            label=f"{whose} postcode",
            autocomplete=filled[0],
            capitals="characters",
        ),
        Ask(f"{who}_house", label="House number or name", autocomplete=filled[1], capitals="words"),
        Ask(
            f"{who}_address",
            label=f"{whose} whole address",
            hint="House number, street, town and postcode",
            autocomplete=filled[2],
            capitals="words",
            lines=3,
        ),
        _yes_no(
            f"{who}_address_ok",
            "Is that address right?",
            "Yes, that is right",
            "No, I will type it",
        ),
    ]


_DATE_HINT = "Such as 14 5 2017"
_ASKS: list[Ask] = [
    Ask("parent_name", label="Your first and last name", autocomplete="name", capitals="words"),
    Ask("child_name", label="Your child's first and last name", capitals="words"),
    Ask("child_dob", "date", "Your child's date of birth", hint=_DATE_HINT),
    Ask(
        "gender",
        "choice",
        "Boy or girl?",
        (("Boy", "Boy"), ("Girl", "Girl"), ("Prefer not to say", "Prefer not to say")),
    ),
    Ask("medical", label="Medical conditions or allergies", choices=(("No, none", "No"),), lines=3),
    Ask("medical_follow_up", label="What should the coaches know?", lines=3),
    _yes_no("medical_consent", "May we keep these notes?", "Yes, keep them", "No, keep none"),
    _yes_no("played_last_season", "Played for us last season?"),
    Ask("previous_team", label="Which team, if any?", choices=(("No team", "No"),)),
    Ask(
        "relationship",
        "choice",
        "You are the child's...",
        (
            ("Mum", "Mum"),
            ("Dad", "Dad"),
            ("Guardian", "Guardian"),
            ("Grandparent", "Grandparent"),
            ("Someone else", "Other"),
        ),
    ),
    Ask("parent_mobile", "tel", "Your mobile number", (), "tel-national", "tel"),
    Ask("parent_email", "email", "Your e-mail address", (), "email", "email", "none"),
    _yes_no("comms_consent", "Club news by e-mail and text?", "Yes please", "No thanks"),
    Ask("parent_dob", "date", "Your date of birth", autocomplete="bday", hint="Such as 4 7 1984"),
    *_address("parent", "Your", True),
    _yes_no("same_address", "Same address as you?", "Yes, with me", "No, somewhere else"),
    *_address("child", "Your child's", False),
    Ask("child_mobile", "tel", "Your child's mobile number", inputmode="tel"),
    Ask("child_email", "email", "Your child's e-mail address", (), "off", "email", "none"),
    Ask(
        "photo_use",
        "choice",
        "Where may we show the photo?",
        (
            ("Squad lists, website and social media", "Yes, everywhere"),
            ("Only squad and league lists", "Only the squad list"),
            ("Nowhere, only as proof of identity", "Identity only"),
        ),
    ),
    Ask(
        "second_contact",
        label="Name and mobile of somebody else",
        choices=(("Skip this", "Skip"),),
        capitals="words",
        lines=2,
    ),
    Ask(
        "confirmed",
        "choice",
        "Is everything right?",
        (("Yes, all correct", "Yes"), ("No, something is wrong", "No")),
        hint="Or write what to change, such as: the birthday is 3 March 2017",
    ),
    Ask(
        "same_parent",
        "choice",
        "Is that still right?",
        (("Yes, all right", "Yes"), ("No, something has changed", "No")),
        hint="Or write what has changed, such as: my e-mail is now…",
    ),
    Ask(
        "same_child",
        "choice",
        "Is that still right?",
        (
            ("Yes, all right", "Yes"),
            ("The kit is too small", "The kit is too small"),
            ("Something else has changed", "No"),
            ("Not coming back", "Not coming back"),
        ),
        hint="Or write what has changed",
    ),
    Ask(
        "same_consents",
        "choice",
        "Shall I send it in like this?",
        (("Yes, go on like this and send it in", "Yes"), ("No, ask me again", "No")),
        hint="Another day to pay? Write it, such as: pay on the 5th",
    ),
    Ask(
        "payment_day",
        "number",
        "Day of the month, 1 to 28",
        (("1st", "1"), ("15th", "15"), ("28th", "28"), ("Last day of the month", "last day")),
        inputmode="numeric",
    ),
    Ask(
        "sms_received",
        "pay",
        "Has our text arrived?",
        (
            ("Yes, I have it", "Yes"),
            ("No, not yet", "No"),
            ("Send it again", "send it again"),
            ("Send it by e-mail", "send it by e-mail"),
            ("I pay for another child already", "use the same Direct Debit"),
        ),
    ),
    Ask("kit_size", "kit", "Choose a kit size"),
    Ask("shirt_number", "shirt", "Choose a shirt number", inputmode="numeric"),
    Ask("photo", "photo", "A photo of your child's face"),
    Ask("done", "done", "Anything else? Or a code for another child"),
]
BY_FIELD = {ask.name: ask for ask in _ASKS}


def name(session: ChatSession | None, draft: Draft | None) -> str:
    """Which question the next message answers: a step's field, or one that was put in between."""
    if session is None or draft is None:
        visit = proving_back.open_visit(session, clock.now())
        if visit is None:
            return CODE.name
        return DIGITS.name if visit.dob else BIRTHDAY.name
    if draft.with_staff:
        return CLOSED.name
    if session.offered_code:
        return "second_code"
    if draft.asked.get("restart"):
        return "restart"
    return steps.next_step(draft).field


def ask(session: ChatSession | None, draft: Draft | None, free: tuple[int, ...] = ()) -> Ask:
    """The question as a form; `free` are the shirt numbers that can be had."""
    asked = name(session, draft)
    if asked in _PROVING:
        return _PROVING[asked]
    if draft is None or asked == CODE.name:
        return CODE
    if asked == CLOSED.name:
        return CLOSED
    if asked in _PENDING:
        return _PENDING[asked]
    found = replace(BY_FIELD[asked], more=_more(draft))
    if offers.shown(draft, steps.next_step(draft)):
        return replace(found, kind="choice", label="Is that right?", choices=_RIGHT)
    if asked == "kit_size":
        return replace(found, choices=tuple((s, s) for s in draft.team.season.kit_sizes))
    if asked == "shirt_number":
        return replace(found, free=free, choices=_held(draft))
    return found


def _held(draft: Draft) -> tuple[Choice, ...]:
    held = draft.asked.get("shirt")
    return ((f"Yes, take {held}", "Yes"), ("No, another one", "No")) if held else ()


def _more(draft: Draft) -> tuple[Choice, ...]:
    step = steps.next_step(draft)
    if step.number == steps.DONE:
        return (_PERSON,)
    back = (_BACK,) if steps.step_before(draft) else ()
    restart = () if step.submitted or not draft.answers or draft.place_id else (_RESTART,)
    return (*back, _WHY, *restart, _PERSON)
