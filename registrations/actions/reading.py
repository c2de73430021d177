"""Calls of a language model: how many are still allowed, and what each one cost."""

from datetime import datetime, timedelta

from django.conf import settings

from integrations import openai
from registrations.models import Draft, ModelCall

A_REGISTRATION = 25  # calls; more is no parent in difficulty but somebody who plays with it


def may_call(draft: Draft | None, at: datetime) -> bool:
    """Whether another call is within the club's day, and within the registration's share."""
    today = ModelCall.objects.filter(at__gt=at - timedelta(days=1)).count()
    if today >= settings.OPENAI_CALLS_A_DAY:
        return False
    return draft is None or draft.model_calls.count() < A_REGISTRATION


def record(
    answer: openai.Answer,
    purpose: ModelCall.Purpose,
    outcome: ModelCall.Outcome,
    *,
    draft: Draft | None,
    step: int | None = None,
    at: datetime,
) -> None:
    """Write down what an answer cost and whether it was of use; none of its words."""
    ModelCall.objects.create(
        draft=draft,
        purpose=purpose,
        step=step,
        outcome=outcome,
        model=answer.model,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        microdollars=answer.microdollars,
        milliseconds=answer.milliseconds,
        at=at,
    )
