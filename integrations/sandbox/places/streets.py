"""The streets that the stand-in knows. All are invented; only the town and the outcode exist."""

import re
from dataclasses import dataclass

_POSTCODE = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})\b")
_FLAT = re.compile(r"^(?:FLAT|APARTMENT|APT|UNIT)\s*(\w+)[\s,/]*")
_DOOR = re.compile(r"^(\d{1,4})\s?([A-Z]?)\b")


@dataclass(frozen=True)
class Street:
    """A street with one postcode; `step` 2 has one side's numbers only."""

    name: str
    postcode: str
    first: int
    last: int
    step: int = 1
    locality: str = "Urmston"

    def has(self, number: int) -> bool:
        """Whether a house has this number."""
        return number in range(self.first, self.last + 1, self.step)


STREETS = (
    Street("Sandpiper Road", "M41 0AA", 1, 79),
    Street("Larkspur Lane", "M41 0AB", 1, 64),
    Street("Millstone Avenue", "M41 0AD", 1, 99, 2),
    Street("Millstone Avenue", "M41 0AE", 2, 98, 2),
    Street("Old Orchard Close", "M41 0AF", 1, 24),
    Street("Kingfisher Drive", "M41 0AG", 1, 120),
    Street("Bellmeadow Grove", "M41 0AH", 3, 57, 2),
    Street("Copperbeech Road", "M41 0AJ", 1, 88),
    Street("Heronsgate Walk", "M41 0AL", 1, 36, locality="Flixton"),
    Street("Juniper Croft", "M41 0AN", 2, 40, 2, locality="Flixton"),
    Street("Weavers Fold", "M41 0AP", 1, 52, locality="Davyhulme"),
    Street("Towpath Terrace", "M41 0AQ", 1, 31, locality="Davyhulme"),
    Street("Cricketfield Road", "M41 0AR", 1, 150),
    Street("Lamplighter Street", "M41 0AS", 5, 75, 2),
)


@dataclass(frozen=True)
class Place:
    """A street, or a door in it."""

    street: Street
    door: str = ""
    flat: str = ""

    @property
    def id(self) -> str:
        """A name in the shape of Google's, from which the place can be found again."""
        code = f"{STREETS.index(self.street)}.{self.door}.{self.flat}"
        return f"ChIJ{code.encode().hex()}"

    @property
    def types(self) -> list[str]:
        """What Google calls such a place."""
        if self.flat:
            return ["subpremise"]
        return ["premise", "street_address"] if self.door else ["route"]

    @property
    def address(self) -> str:
        """The address on one line."""
        line = " ".join(part for part in (self.door, self.street.name) if part)
        flat = f"Flat {self.flat}, " if self.flat else ""
        return f"{flat}{line}, {self.street.locality}, Manchester {self.street.postcode}, UK"

    def components(self) -> list[tuple[str, str, list[str]]]:
        """(long text, short text, types) from the smallest part to the largest."""
        parts = [(self.flat, self.flat, ["subpremise"])] if self.flat else []
        parts += [(self.door, self.door, ["street_number"])] if self.door else []
        return [
            *parts,
            (self.street.name, _short(self.street.name), ["route"]),
            (self.street.locality, self.street.locality, ["locality", "political"]),
            ("Manchester", "Manchester", ["postal_town"]),
            (
                "Greater Manchester",
                "Greater Manchester",
                ["administrative_area_level_2", "political"],
            ),
            ("England", "England", ["administrative_area_level_1", "political"]),
            ("United Kingdom", "GB", ["country", "political"]),
            (self.street.postcode, self.street.postcode, ["postal_code"]),
        ]


def by_id(place_id: str) -> Place | None:
    """The place of such an id, or None."""
    try:
        code = bytes.fromhex(place_id.removeprefix("ChIJ")).decode()
        position, door, flat = code.split(".", 2)
        place = Place(STREETS[int(position)], door, flat)
    except (ValueError, IndexError):
        return None
    return place if place.id == place_id else None


def search(text: str) -> list[Place]:
    """The places that a text names, by postcode or street; a door that is there, else its street.

    As with the real service, streets are found better than doors: a number that the street does
    not have still finds the street.
    """
    wanted = " ".join(text.upper().split())
    streets = _named(wanted)
    flat = _FLAT.match(wanted)
    rest = wanted[flat.end() :] if flat else wanted
    door = _DOOR.match(rest)
    return [_place(street, door, flat[1] if flat else "") for street in streets]


def _named(wanted: str) -> list[Street]:
    postcode = _POSTCODE.search(wanted)
    if postcode:
        code = f"{postcode[1]} {postcode[2]}"
        return [street for street in STREETS if street.postcode == code]
    return [street for street in STREETS if street.name.upper() in wanted]


def _place(street: Street, door: re.Match[str] | None, flat: str) -> Place:
    if door is None or not street.has(int(door[1])):
        return Place(street)
    return Place(street, f"{int(door[1])}{door[2]}", flat)


def _short(name: str) -> str:
    short = {"Road": "Rd", "Avenue": "Ave", "Street": "St", "Drive": "Dr", "Lane": "Ln"}
    first, _, last = name.rpartition(" ")
    return f"{first} {short.get(last, last)}"
