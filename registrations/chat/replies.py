"""What the club says: a template per question, in the parent's and the child's first names."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integrations import clock
from registrations import ages, wording
from registrations.actions import drafts
from registrations.chat import groups, offers, steps, summary
from registrations.chat.steps import Step
from registrations.models import Draft
from registrations.ports import desk

NEW = "new_registration"
RETURNING = "re_registration"
KEPT_APART = "[kept with the medical notes]"
SUMMARY_KEPT_APART = "[the summary of the answers]"
# Fields whose answers are never written into the transcript.
SENSITIVE = {"medical", "medical_follow_up", "medical_consent", "second_contact"}


@dataclass(frozen=True)
class Reply:
    """What goes back to the client; `kept` is what the transcript holds of it."""

    text: str
    last_agent: str = ""
    routine_number: int | None = None
    kept: str = field(default="", compare=False)


def at_step(draft: Draft, *parts: str, question: bool = True) -> Reply:
    """A reply that ends with the current question and names its step."""
    step = steps.next_step(draft)
    asked = [ask(draft, step)] if question else []
    text = "\n\n".join(part for part in (*parts, *asked) if part)
    kept = SUMMARY_KEPT_APART if step.field == "confirmed" else ""
    return Reply(text, NEW, step.number, kept)


def ask(draft: Draft, step: Step) -> str:
    """The question of a step with its progress line."""
    number, total = steps.progress(draft)
    offered = offers.shown(draft, step)
    return wording.markdown(
        "ask/offered" if offered else f"ask/{step.field}",
        **facts(draft),
        field=step.field,
        offered=offered,
        **_extra(draft, step),
        number=number,
        total=max(total, number),
        step=step.number,
    )


def refused(draft: Draft, step: Step, field_name: str, reason: str, detail: dict[str, Any]) -> str:
    """Why an answer could not be taken, in friendly words, and what would help."""
    return wording.markdown(
        "refused", **facts(draft), field=field_name, reason=reason, step=step.number, **detail
    )


def say(template: str, draft: Draft, **values: Any) -> str:
    """A text that needs nothing but who is talking."""
    return wording.markdown(template, **facts(draft), **values)


def remark(draft: Draft, names: list[str]) -> str:
    """What is to be said of the answers just given (`names`) beside the next question, or ""."""
    gender = draft.answers.get("gender") or {}
    if "gender" in names and gender["note"] and gender["value"] == "Not Disclosed":
        return say("gender_noted", draft)
    return _age_warning(draft, names)


def _age_warning(draft: Draft, names: list[str]) -> str:
    """A gentle warning where a birthday just given is unlikely; "" where none is."""
    born, parents = draft.answers.get("child_dob"), draft.answers.get("parent_dob")
    if "child_dob" in names and born and ages.mismatch(draft.team, date.fromisoformat(born)):
        birthday = summary.british(born)
        return say("age_warning", draft, birthday=birthday, at_summary=_at_summary(draft))
    if "parent_dob" in names and parents and ages.is_child(parents, clock.today()):
        birthday = summary.british(parents)
        return say("parent_age", draft, birthday=birthday, at_summary=_at_summary(draft))
    return ""


def _at_summary(draft: Draft) -> bool:
    return steps.next_step(draft).field == "confirmed"


def facts(draft: Draft) -> dict[str, Any]:
    """Names and prices that any text may use; nothing of it is sensitive.

    What hangs on the season is looked up by the texts that name it, and most do not.
    """
    given, team = draft.answers, draft.team
    return {
        "parent": (given.get("parent_name") or [""])[0],
        "child": (given.get("child_name") or ["your child"])[0],
        "team": str(team),
        "team_number": team.age_number,
        "season": lambda: team.season.label,
        "fee": lambda: wording.pounds(team.season.signing_on_fee_pence),
        "monthly": lambda: wording.pounds(team.season.monthly_fee_pence),
        "sibling_percent": lambda: next(iter(team.season.sibling_percents), 0),
        "months": lambda: wording.months(team.season.first_month, team.season.last_month),
        "month_count": lambda: team.season.months,
        "days": lambda: team.season.payment_days,
        "sizes": lambda: ", ".join(team.season.kit_sizes),
        "waiting": bool(draft.registration and draft.registration.waiting_since),
        "trial": bool(draft.registration and draft.registration.trial_ends_at),
    }


def _extra(draft: Draft, step: Step) -> dict[str, Any]:
    """What one question shows besides."""
    if step.field in steps.GROUPS:
        return groups.facts(draft, step.field)
    if step.field == "confirmed":
        return {"lines": summary.lines(draft)}
    if step.field in ("parent_address_ok", "child_address_ok"):
        who = step.field.removesuffix("_ok")
        return {"address": draft.answers[who]["full_address"]}
    if step.field == "payment_day":
        fees = desk().fees(draft.team.season_id)
        return {"months_left": fees.months}
    if step.field in ("sms_received", "done"):
        registration = drafts.sent_in(draft)
        return {
            "ending": str(registration.guardian.phone)[-3:],
            "by_email": draft.answers.get("sms_received") == "email",
            "paid": bool(registration.fee_settled_at and registration.collection_arranged_at),
        }
    return {}
