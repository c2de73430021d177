"""Registration codes as parents type them (domain 1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrations import codes


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("200-lions-u10-2526", "200-lions-u10-2526"),
        ("200-Lions-U10-2526 ", "200-lions-u10-2526"),
        ("200-lions-u10-2526.", "200-lions-u10-2526"),
        ("200–lions–u10–2526", "200-lions-u10-2526"),
        ("200—lions—u10—2526", "200-lions-u10-2526"),
        ("200 lions u10 2526", "200-lions-u10-2526"),
        ("200 - lions - u10 - 2526", "200-lions-u10-2526"),
        ("my code is 200-lions-u10-2526", "200-lions-u10-2526"),
        ("Hi, it's 200-Lions-U10-2526, thanks!", "200-lions-u10-2526"),
        ("200 lions u10 2526 please", "200-lions-u10-2526"),
        ("200-afc-u7-2627", "200-afc-u7-2627"),
        ("200-red_lions-u7-2627", "200-red_lions-u7-2627"),
        ("200-Red Lions-u7-2627", "200-red_lions-u7-2627"),
        ("200-lions-u99-2525", "200-lions-u99-2525"),
        ("200-lions-u010-2526", "200-lions-u010-2526"),
        ("100-tigers-u13-2526-Mary-Smith", "100-tigers-u13-2526-mary-smith"),
        ("100-tigers-u13-2526-mary-smith-jones", "100-tigers-u13-2526-mary-smith-jones"),
        ("100-tigers-u13-2526-sean-o'neil", "100-tigers-u13-2526-sean-o'neil"),
        ("100-tigers-u13-2526-sean-o’neil", "100-tigers-u13-2526-sean-o'neil"),
        ("100-tigers-u13-2526-Zoë-Núñez", "100-tigers-u13-2526-zoë-núñez"),
        ("100 tigers u13 2526 mary smith", "100-tigers-u13-2526-mary-smith"),
        ("100-tigers-u13-2526 mary smith", "100-tigers-u13-2526-mary-smith"),
    ],
)
def test_a_code_is_read_however_it_was_typed(text, canonical):
    assert codes.parse(text).canonical == canonical


def test_a_code_gives_its_parts_and_keeps_what_was_typed():
    code = codes.parse("my code: 100–Tigers–U13–2526–Sean–O’Neil.")
    assert code == codes.Code(
        kind="100",
        team="tigers",
        age_group="u13",
        season="2526",
        first="sean",
        last="o'neil",
        raw="100–Tigers–U13–2526–Sean–O’Neil",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("100-tigers-u13-2526", "name_missing"),
        ("100-tigers-u13-2526-mary", "name_missing"),
        ("100-tigers-u13-2526 thank you", "name_missing"),
        ("200-tigers-u13-2526-extra-data", "name_not_allowed"),
        ("200-tigers-u13-2526-extra", "name_not_allowed"),
        ("300-lions-u10-2526", "prefix"),
        ("200-lions-10-2526", "age_group"),
        ("200 lions 10 2526", "age_group"),
        ("200-lions-u10-26", "season_form"),
        ("200-lions-u10-2025-26", "name_not_allowed"),
        ("200-lions", "shape"),
        ("200-lions-u10", "shape"),
        ("hello", "shape"),
    ],
)
def test_a_near_miss_says_what_is_wrong(text, reason):
    with pytest.raises(codes.Invalid) as refusal:
        codes.parse(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "300-lions-u10-2526",
        "200-lions-10-2526",
        "200-tigers-u13-2526-extra",
        "200-lions-u10-26",
        "200-lions",
    ],
)
def test_every_near_miss_is_seen_as_a_code(text):
    assert codes.looks_like_code(f"hello, {text}") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "200 Church Road",
        "07700 900123",
        "0161-496-0000",
        "12-03-2015",
        "I want 2 kits",
        "M41 0AB",
    ],
)
def test_an_ordinary_message_is_not_a_code(text):
    assert codes.looks_like_code(text) is None


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    codes.looks_like_code(text)
    try:
        code = codes.parse(text)
    except codes.Invalid:
        return
    assert codes.parse(code.canonical).canonical == code.canonical


def test_a_pasted_book_is_looked_at_quickly():
    assert codes.looks_like_code("200 lions " * 60_000) is None
