"""Who are brothers and sisters, and what it does to a fee (domain 5.7); the pure part."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations

import pytest

from payments import siblings
from payments.siblings import Child, Member

SAM = Child(
    player=1,
    family=1,
    first="Sam",
    last="O'Neil",
    dob=date(2017, 3, 5),
    parent_first="Priya",
    parent_last="O'Neil",
    phone="+447700900111",
    email="priya@example.org",
    postcode="M41 9SB",
    house="12",
    proven=frozenset({"+447700900111", "priya@example.org"}),
)
STRANGER = Child(
    player=2,
    family=2,
    first="Kim",
    last="Ashworth",
    dob=date(2015, 1, 9),
    parent_first="Jo",
    parent_last="Ashworth",
    phone="+447700900122",
    email="jo@example.org",
    postcode="M33 1AA",
    house="4",
)


@pytest.mark.parametrize(
    ("change", "certain", "evidence"),
    [
        ({}, None, ""),
        ({"family": 1}, True, "registered in one conversation, with one phone number"),
        (
            {"phone": SAM.phone, "proven": SAM.proven},
            True,
            "the same mobile number, proved for both by a link that was texted",
        ),
        (
            {"email": SAM.email, "proven": frozenset({SAM.email})},
            True,
            "the same e-mail address, proved for both by a link that was sent",
        ),
        ({"phone": SAM.phone}, False, "the same mobile number, not proved for both"),
        ({"email": SAM.email}, False, "the same e-mail address, not proved for both"),
        (
            {"last": "ONeil", "postcode": "m419sb", "house": "12"},
            False,
            "the same surname and the same address",
        ),
        (
            {"last": "O\u2019Neil", "parent_first": "Priyanka", "parent_last": "ONeill"},
            False,
            "the same surname, and the parents' names are alike",
        ),
        ({"last": "O'Neil"}, None, ""),
        ({"postcode": "M41 9SB", "house": "12"}, None, ""),
        ({"parent_first": "Priya", "parent_last": "O'Neil"}, None, ""),
    ],
)
def test_what_ties_two_children_together(change, certain, evidence):
    verdict = siblings.compare(SAM, replace(STRANGER, **change))
    if certain is None:
        assert verdict is None
    else:
        assert (verdict.certain, verdict.evidence) == (certain, (evidence,))
    assert siblings.compare(replace(STRANGER, **change), SAM) == verdict


def test_the_same_child_is_nobodys_sibling():
    assert siblings.compare(SAM, replace(SAM, player=9, first="SAM", last="O Neil")) is None
    assert siblings.compare(SAM, replace(STRANGER, player=1, family=1)) is None


def test_a_birthday_and_nearly_the_same_name_are_for_a_person_to_judge():
    twice = siblings.compare(SAM, replace(SAM, player=9, first="Samuel"))
    assert twice.certain is False
    assert twice.evidence[0].startswith("the same birthday and nearly the same name")
    twins = siblings.compare(SAM, replace(SAM, player=9, first="Nina"))
    assert twins.certain is True


@pytest.mark.parametrize(
    ("listed", "percent", "pays"),
    [
        (2750, 10, 2475),
        (2755, 10, 2480),
        (2754, 10, 2479),
        (2750, 0, 2750),
        (1, 50, 1),
        (15, 90, 2),
    ],
)
def test_the_discount_is_rounded_half_up(listed, percent, pays):
    assert siblings.discounted(listed, percent) == pays


@pytest.mark.parametrize(
    ("percents", "expected"),
    [([10], [0, 10, 10, 10]), ([10, 20], [0, 10, 20, 20]), ([], [0, 0, 0, 0])],
)
def test_the_first_child_pays_in_full_and_the_others_by_their_place(percents, expected):
    assert [siblings.percent_for(place, percents) for place in range(4)] == expected


def test_places_follow_the_payments_whatever_order_they_are_told_in():
    at = [datetime(2026, 9, day, tzinfo=UTC) for day in (1, 2, 3)]
    members = [Member(7, "a", at[1]), Member(5, "b", at[0]), Member(6, "a", at[2])]
    for order in permutations(members):
        assert siblings.places(order) == {5: 0, 7: 1, 6: 1}


def test_families_are_what_the_links_join():
    found = siblings.families([1, 2, 3, 4, 5], [(1, 2), (3, 2), (4, 9)])
    assert sorted(sorted(each) for each in found) == [[1, 2, 3], [4], [5]]
