"""The pure parts: one form of each value, and the merge of one row (wire/airtable 1.8, 3.2)."""

import itertools

import pytest

from integrations.airtable.canonical import canonical, veiled
from integrations.airtable.mapping import Column
from integrations.airtable.merge import Owner, three_way
from integrations.airtable.schema import problem_of

PRECISE = {"precision": 2}
SELECTED = [{"id": "sel1", "name": "B"}, {"id": "sel2", "name": "A"}]
LINKED = [{"id": "rec2", "name": "x"}, {"id": "rec1", "name": "y"}]
PHOTOS = [{"id": "attB", "url": "https://x/1"}, {"id": "attA", "url": "https://x/2"}]


@pytest.mark.parametrize(
    ("value", "kind", "options", "same"),
    [
        (None, "singleLineText", {}, None),
        ("", "singleLineText", {}, None),
        ([], "multipleSelects", {}, None),
        (False, "checkbox", {}, None),
        (True, "checkbox", {}, True),
        (0, "number", {}, 0),
        ("#h\n- b\n", "richText", {}, "#h\n- b"),
        ("\n", "richText", {}, None),
        ("kept\n", "multilineText", {}, "kept\n"),
        (27.499999, "currency", PRECISE, 27.5),
        (45.0, "currency", PRECISE, 45),
        ("45", "number", {"precision": 0}, 45),
        ("much", "number", {}, "much"),
        ("2026-09-05T08:00:00+01:00", "dateTime", {}, "2026-09-05T07:00:00.000Z"),
        ("2026-09-05T07:00:00Z", "dateTime", {}, "2026-09-05T07:00:00.000Z"),
        ("2026-09-05T07:00:00.000Z", "date", {}, "2026-09-05"),
        (["B", "A"], "multipleSelects", {}, ["A", "B"]),
        (SELECTED, "multipleSelects", {}, ["A", "B"]),
        ({"id": "sel1", "name": "Open", "color": "blue"}, "singleSelect", {}, "Open"),
        (LINKED, "multipleRecordLinks", {}, ["rec1", "rec2"]),
        (PHOTOS, "multipleAttachments", {}, ["attA", "attB"]),
        ({"id": "usr1", "email": "a@b.example"}, "singleCollaborator", {}, "usr1"),
    ],
)
def test_equal_cells_have_one_form_and_it_stays_as_it_is(value, kind, options, same):
    assert canonical(value, kind, options) == same
    assert canonical(same, kind, options) == same


def test_a_secret_value_is_compared_and_never_kept():
    assert veiled("asthma", "k") == veiled("asthma", "k") != veiled("asthma", "another")
    assert "asthma" not in str(veiled("asthma", "k"))
    assert veiled(None, "k") is None


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "owner", "take", "push", "winner"),
    [
        ("a", "a", "a", Owner.THEIRS, False, False, ""),
        ("a", "b", "b", Owner.THEIRS, False, False, ""),
        ("a", "a", "b", Owner.THEIRS, True, False, ""),
        ("a", "b", "a", Owner.THEIRS, False, True, ""),
        ("a", "b", "c", Owner.THEIRS, True, False, "theirs"),
        ("a", "a", None, Owner.THEIRS, True, False, ""),
        ("a", None, "a", Owner.THEIRS, False, True, ""),
        ("a", "a", "b", Owner.OURS, False, True, "ours"),
        ("a", "b", "a", Owner.OURS, False, True, ""),
        ("a", "a", "b", Owner.COMMAND, True, False, ""),
        ("a", "b", "c", Owner.COMMAND, True, False, "theirs"),
    ],
)
def test_one_field_is_merged(base, ours, theirs, owner, take, push, winner):
    sides = [{"f": value} if value else {} for value in (base, ours, theirs)]
    merged = three_way(*sides, {"f": owner})
    taken = merged.orders if owner is Owner.COMMAND else merged.take
    assert ("f" in taken, "f" in merged.push) == (take, push)
    assert [clash.winner for clash in merged.clashes] == [winner] * bool(winner)
    # What is pushed differs from the new base, and nothing else does.
    assert (merged.base.get("f") != ours) == (push or take)


def test_every_edit_arrives_or_is_kept_and_the_second_merge_is_quiet():
    for base, ours, theirs in itertools.product([None, "a", "b", "c"], repeat=3):
        for owner in (Owner.THEIRS, Owner.OURS):
            sides = [{"f": value} if value else {} for value in (base, ours, theirs)]
            merged = three_way(*sides, {"f": owner})
            now = merged.take.get("f") if "f" in merged.take else ours
            kept = {value for clash in merged.clashes for value in (clash.ours, clash.theirs)}
            assert {one for one in (ours, theirs) if one != base} <= {now} | kept
            both = {"f": now} if now else {}
            again = three_way(both, both, both, {"f": owner})
            assert not (again.take or again.push or again.clashes)


@pytest.mark.parametrize(
    ("kind", "there", "problem"),
    [
        ("singleLineText", "email", ""),
        ("currency", "number", ""),
        ("singleLineText", "number", "town: the field Town is of type number"),
        ("date", "dateTime", "town: the field Town is of type dateTime"),
        ("singleLineText", "brandNew", "town: the field Town is of type brandNew"),
        ("number", "rollup", "town: the field Town is computed, so nothing can be written"),
        ("singleLineText", "", "town: there is no such field"),
    ],
)
def test_a_column_rests_where_its_field_cannot_hold_it(kind, there, problem):
    field = {"name": "Town", "type": there} if there else None
    assert problem_of(Column("town", kind), field) == problem
