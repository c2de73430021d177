"""Tools that look something up: an address, a code, what the club tells of itself, shirts, kit."""

from __future__ import annotations

from pydantic import Field

from integrations import clock, places
from integrations.agents.tools import Answer, Arguments, Caller, Text, Tool, Words
from integrations.errors import OutsideError
from registrations import fields
from registrations.actions import kit
from registrations.agents import rows
from registrations.agents.reading import TEAM, OfTeam
from registrations.chat import assistant, doorstep

MOST_TEXTS = 5


class Where(Arguments):
    """A door."""

    postcode: Text = Field(description="a UK postcode")
    house_number: Text = Field(description="a house number or name")


class WhichCode(Arguments):
    """A registration code."""

    told = frozenset({"code"})
    code: Text = Field(description="as the coach gave it out, such as 200-lions-u10-2627")


class About(Arguments):
    """What is asked about."""

    words: Words = Field(description="what it is about, in a parent's words or a few keywords")


def address(caller: Caller, given: Where) -> Answer:
    """The form of domain 8.1; whatever goes wrong, the parent types the address."""
    answer: Answer = {
        "success": False,
        "message": "",
        "formatted_address": "",
        "address_components": {},
        "confidence_level": "None",
        "original_postcode": given.postcode,
        "original_house_number": given.house_number,
    }
    try:
        code, house = fields.postcode(given.postcode), fields.house_number(given.house_number)
        found = places.find(code, house)
    except fields.Refused:
        return answer | {"message": "That is not a UK postcode with a house number or name."}
    except OutsideError:
        return answer | {"message": "Address lookup is away just now: please type the address."}
    if found is None:
        return answer | {"message": "No street is known there: please type the address."}
    return answer | {
        "success": True,
        "message": "A suggestion: the house number is not checked, so let the parent confirm it.",
        "formatted_address": found.full_address,
        "address_components": {
            "street_number": found.house_number,
            "street_name": found.line_1,
            "locality": found.town,
            "administrative_area": found.city,
            "postal_code": found.postcode,
            "country": "United Kingdom",
        },
        "confidence_level": found.confidence,
    }


def check_code(caller: Caller, given: WhichCode) -> Answer:
    """What a code opens, or why it opens nothing."""
    entry = doorstep.admit(given.code)
    team, code = entry.team, entry.code
    return {
        "valid": not entry.problem,
        "problem": entry.problem.replace("_", " "),
        "for": {"100": "a returning player", "200": "a new player"}[code.kind] if code else "",
        "team": str(team) if team else "",
        "team_state": team.state if team else "",
        "season": entry.season.code if entry.season else "",
    }


def club_texts(caller: Caller, given: About) -> Answer:
    """The club's own words, with the open season's prices, the best first."""
    example = doorstep.example()
    return {
        "texts": [
            {"number": each.pk, "title": each.title, "words": assistant.filled(each.words, example)}
            for each in assistant.nearest(given.words, MOST_TEXTS)
        ]
    }


def shirts(caller: Caller, given: OfTeam) -> Answer:
    """Which numbers are free; never whose the others are."""
    team = rows.team(caller, given.team_id)
    return {"team": str(team), "free": kit.free_in(team.pk, at=clock.now())}


def kit_due(caller: Caller, given: OfTeam) -> Answer:
    """Whether a team gets new kit this season."""
    team = rows.team(caller, given.team_id)
    sizes = team.season.kit_sizes
    return {"team": str(team), "new_kit_this_season": team.kit_due, "sizes": sizes}


TOOLS = [
    Tool(
        "address_lookup",
        Where,
        "Suggest the address at a UK postcode and house number.",
        address,
        public=True,
    ),
    Tool(
        "check_code",
        WhichCode,
        "Whether a registration code is good, and which team and season it opens.",
        check_code,
        public=True,
    ),
    Tool(
        "club_texts",
        About,
        "What the club itself tells parents about fees, training, kit, contacts and the like: its "
        "texts nearest to some words, with this season's prices.",
        club_texts,
        public=True,
    ),
    Tool(
        "shirt_availability",
        OfTeam,
        "The shirt numbers of a team that are still free.",
        shirts,
        needs=(TEAM,),
    ),
    Tool(
        "kit_due",
        OfTeam,
        "Whether a team gets new kit this season, and the sizes there are.",
        kit_due,
        needs=(TEAM,),
    ),
]
