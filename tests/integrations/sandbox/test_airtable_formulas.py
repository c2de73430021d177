"""The formula language of the Airtable stand-in, without a server."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.sandbox.airtable import formulas
from integrations.sandbox.airtable.formula_values import FormulaError

PIECES = st.sampled_from(
    ["{a}", "{b}", "'x'", "1", "0.5", "(", ")", ",", "+", "-", "*", "/", "&", "=", "<", ">=", "{"]
    + [
        "IF(",
        "AND(",
        "NOT(",
        "FIND(",
        "DATEADD(",
        "IS_SAME(",
        "DATETIME_PARSE(",
        "BLANK()",
        "NOW()",
    ]
)


class Row:
    """A record whose cells are the letters' values."""

    record_id = "rec00000000000001"
    created_at = datetime(2026, 1, 5, tzinfo=UTC)

    def value(self, field):
        """Text, a number or nothing."""
        return {"a": "text", "b": 7}.get(field)

    def modified_at(self, fields):
        """Never."""
        return None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1+2*3-4/2", 5.0),
        ("-(1+2)", -3),
        ("'it\\'s '&\"\\\"b\\\\\"", "it's \"b\\"),
        ("{b}+1=8", True),
        ("1&2=12", False),
        ("IF({c},'yes')", None),
        ("CONCATENATE({a},'-',{b})", "text-7"),
        ("a&''", "text"),
        ("DATEADD('2026-01-31', 1, 'months')", datetime(2026, 2, 28, tzinfo=UTC)),
    ],
)
def test_a_formula_has_its_value(text, value):
    assert formulas.parse(text).value(Row()) == value


def test_a_formula_names_its_fields_once_in_order():
    assert formulas.parse("{b}&{a}&{b}&{with \\} brace}").fields == ("b", "a", "with } brace")


@given(st.text(max_size=60) | st.lists(PIECES, max_size=12).map("".join))
@example("{a}" + "&{a}" * 5000)
@example("9" * 5000)
@example("1/0.0000000001*" + "9" * 400 + ".0")
@example("DATETIME_PARSE('0001-01-01T00:00:00+05:00')")
def test_any_text_is_read_or_refused_and_evaluated_or_an_error(text):
    try:
        formula = formulas.parse(text)
    except formulas.Unreadable:
        return
    try:
        formula.value(Row())
    except FormulaError:
        return
