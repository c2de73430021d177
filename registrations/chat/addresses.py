"""Addresses: looked up before the answer is kept, and what then hangs on them (domain 8.6)."""

import time
from typing import Any

from integrations import places
from integrations.errors import OutsideError
from registrations import fields
from registrations.actions import drafts
from registrations.chat.words import Command
from registrations.models import Draft

Found = dict[tuple[str, str], dict[str, Any]]
SECONDS = 10.0  # for all addresses of a turn
READERS = {"postcode": fields.postcode, "house": fields.house_number}


def look_up(draft: Draft, commands: list[Command]) -> Found:
    """Addresses for what these commands set, by (postcode, house); the parent waits for this.

    Not found, or the service away, is no entry: the parent types the address. Makes a network
    call, so never inside a transaction.
    """
    found: Found = {}
    until = time.monotonic() + SECONDS
    for who in ("parent", "child"):
        wanted = _wanted(draft, who, commands)
        if wanted is None:
            continue
        try:
            place = places.find(*wanted, seconds=min(places.SECONDS, until - time.monotonic()))
        except OutsideError:
            continue
        if place is not None:
            found[wanted] = _kept(place)
    return found


def adjust(draft: Draft, answers: dict[str, Any], found: Found, *, sure: bool) -> dict[str, Any]:
    """The answers with the address that follows from them; what no longer holds is cleared.

    `sure` where the parent corrects the summary: the address is shown there to be checked.
    """
    answers = dict(answers)
    for who in ("parent", "child"):
        _follow(draft, answers, who, found, sure)
    return answers


def _follow(draft: Draft, answers: dict[str, Any], who: str, found: Found, sure: bool) -> None:
    address, confirmed = f"{who}_address", f"{who}_address_ok"
    if answers.get(confirmed) is False:
        answers.pop(confirmed)
        drafts.clear_answers(draft, (address, confirmed))
    elif address in answers:
        typed = answers[address]
        answers |= {f"{who}_house": typed["house_number"], f"{who}_postcode": typed["postcode"]}
        drafts.clear_answers(draft, (confirmed,))
    elif f"{who}_postcode" in answers or f"{who}_house" in answers:
        drafts.clear_answers(draft, (address, confirmed))
        known = {**draft.answers, **answers}
        place = found.get((known.get(f"{who}_postcode", ""), known.get(f"{who}_house", "")))
        if place:
            answers[address] = place
    if sure and address in answers:
        answers[confirmed] = True


def _wanted(draft: Draft, who: str, commands: list[Command]) -> tuple[str, str] | None:
    """(postcode, house) where these commands change one of them and both are then known."""
    new: dict[str, str] = {}
    for command in commands:
        part = command.field.removeprefix(f"{who}_")
        if command.field != part and part in READERS and command.kind in ("set", "correct"):
            try:
                new[part] = READERS[part](command.text)
            except fields.Refused:
                continue
    postcode = new.get("postcode") or draft.answers.get(f"{who}_postcode")
    house = new.get("house") or draft.answers.get(f"{who}_house")
    return (postcode, house) if new and postcode and house else None


def _kept(place: places.Found) -> dict[str, Any]:
    return {
        "house_number": place.house_number[:20],
        "address_line_1": place.line_1[:100],
        "town": place.town[:50],
        "city": place.city[:50],
        "postcode": place.postcode,
        "full_address": place.full_address[:200],
        "source": "found",
        "score": place.score,
        "confidence": place.confidence,
    }
