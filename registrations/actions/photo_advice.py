"""A language model looks at a photo, where the club has switched that on: advice, no decision."""

import base64
from datetime import datetime
from typing import Any

from django.conf import settings

from integrations import clock, openai, openai_answers, storage
from integrations.errors import Rejected
from registrations import wording
from registrations.actions import photo_review, reading
from registrations.models import Draft, ModelCall, Photo, PhotoAdvice, PhotoBytes

BATCH = 10
SECONDS = 30.0
Verdict = PhotoAdvice.Verdict
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": [Verdict.RIGHT, Verdict.WRONG, Verdict.UNSURE]},
        "reason": {"type": "string", "enum": ["", *photo_review.REASONS]},
    },
    "required": ["verdict", "reason"],
    "additionalProperties": False,
}


def want(photo: Photo, *, at: datetime) -> None:
    """Ask for advice about an accepted photo, unless the club or the parent does not want it."""
    if not (settings.AI_PHOTO_CHECK and openai.configured()):
        return
    draft = Draft.objects.filter(registration=photo.registration_id).only("asked").first()
    if draft is None or not draft.asked.get("no_model"):
        PhotoAdvice.objects.get_or_create(photo=photo, defaults={"due_at": at})


def look_due() -> int:
    """Look at what is due; how many were taken up."""
    taken = 0
    for pk in PhotoAdvice.objects.due().values_list("pk", flat=True)[:BATCH]:
        advice = PhotoAdvice.objects.claim(pk)
        if advice is not None:
            taken += 1
            with advice.reporting():
                _look(advice)
    return taken


def _look(advice: PhotoAdvice) -> None:
    moment = clock.now()
    if not settings.AI_PHOTO_CHECK or not reading.may_call(None, moment):
        advice.postpone(advice.next_try(), "photo checks are off, or the day's calls are spent")
        return
    try:
        answer = openai.ask(
            "look",
            instructions=wording.plain("chat/model/photo.txt"),
            content=_question(_jpeg(advice.photo)),
            name="photo",
            schema=_SCHEMA,
            seconds=SECONDS,
        )
    except Rejected:
        verdict, reason = str(Verdict.UNSURE), ""  # nothing for a person to mend
    else:
        verdict, reason = _read(answer)
        outcome = ModelCall.Outcome.UNCLEAR if verdict == Verdict.UNSURE else ModelCall.Outcome.READ
        draft = Draft.objects.filter(registration=advice.photo.registration_id).first()
        reading.record(answer, ModelCall.Purpose.PHOTO, outcome, draft=draft, at=moment)
    if advice.settle():
        given = {"verdict": verdict, "reason": reason, "given_at": moment}
        PhotoAdvice.objects.filter(pk=advice.pk).update(**given)


def _jpeg(photo: Photo) -> bytes:
    kept = PhotoBytes.objects.filter(photo=photo).values_list("jpeg", flat=True).first()
    if kept:
        return bytes(kept)
    with storage.open(photo.storage_key) as file:
        return file.read()


def _question(jpeg: bytes) -> list[dict[str, Any]]:
    """The picture and nothing else: no name, no file name, no number."""
    url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    return [{"type": "input_image", "image_url": url, "detail": "low"}]


def _read(answer: openai.Answer) -> tuple[str, str]:
    """The verdict and the reason from our own lists; whatever else is said is not sure."""
    body = openai_answers.parsed(answer.text) if answer.complete and not answer.refused else None
    verdict, reason = (
        (body.get("verdict"), body.get("reason")) if isinstance(body, dict) else ("", "")
    )
    if verdict == Verdict.RIGHT:
        return Verdict.RIGHT, ""
    if verdict == Verdict.WRONG and str(reason) in photo_review.REASONS:
        return Verdict.WRONG, str(reason)
    return Verdict.UNSURE, ""
