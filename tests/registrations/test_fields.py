"""One value at a time, as parents type it (domain 2 and 6)."""

from datetime import date
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registrations import fields
from registrations.fields import Medical, PersonName, Relationship, SecondContact, TypedAddress

TODAY = date(2026, 11, 22)
CHILD = partial(fields.date_of_birth, earliest=date(2007, 1, 1), today=TODAY)
PARENT = partial(fields.date_of_birth, earliest=date(1900, 1, 1), today=TODAY)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Sarah Jones", "Sarah", "Jones"),
        ("  sarah   jones ", "Sarah", "Jones"),
        ("SARAH JONES", "Sarah", "Jones"),
        ("sarah JONES", "Sarah", "Jones"),
        ("Sarah O’Brien", "Sarah", "O'Brien"),
        ("sarah o'brien", "Sarah", "O'Brien"),
        ("Sarah O`Brien", "Sarah", "O'Brien"),
        ("Zoë Núñez", "Zoë", "Núñez"),
        ("Łukasz Wiśniewski", "Łukasz", "Wiśniewski"),
        ("Ludwig van Dyke", "Ludwig", "van Dyke"),
        ("Sarah McDonald", "Sarah", "McDonald"),
        ("john mcdonald", "John", "McDonald"),
        ("mary-jane smith-jones", "Mary-Jane", "Smith-Jones"),
        ("Mary Ann de la Cruz", "Mary", "Ann de la Cruz"),
        ("J Smith", "J", "Smith"),
        ("J. R. Smith", "J", "R Smith"),
        ("my name is Sarah Jones", "Sarah", "Jones"),
        ("Hi, I'm Sarah Jones", "Sarah", "Jones"),
        ("it’s Sarah Jones", "Sarah", "Jones"),
        ("im sarah jones", "Sarah", "Jones"),
        ("her name is Amy Smith", "Amy", "Smith"),
        ("my son is called Tom Lee", "Tom", "Lee"),
        ("Mrs Sarah Jones", "Sarah", "Jones"),
        ("Dr. Sarah Jones", "Sarah", "Jones"),
        ("Sarah Jones, thanks!", "Sarah", "Jones"),
        ("Sarah Jones 😀", "Sarah", "Jones"),
        ("Will Back", "Will", "Back"),
        ("李 小龍", "李", "小龍"),
    ],
)
def test_a_name_is_read(text, first, last):
    assert fields.person_name(text) == PersonName(first, last)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Sarah", "one_word"),
        ("I'm Sarah", "one_word"),
        ("Mrs Jones", "one_word"),
        ("S J", "initials"),
        ("S. J.", "initials"),
        ("Sarah J0nes", "characters"),
        ("Jones, Sarah", "characters"),
        ("Sarah - Jones", "characters"),
        ("Sarah Jones <script>", "characters"),
        ("not sure", "not_a_name"),
        ("why do you need that", "not_a_name"),
        ("Sarah and John Jones", "not_a_name"),
        ("Sarah " + "J" * 51, "too_long"),
        ("page " * 50_000, "too_long"),
        ("", "empty"),
        ("\x00\x07 \n", "empty"),
        ("😀🎉", "empty"),
    ],
)
def test_a_name_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.person_name(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("surname O'Brien", "Jake O'Brien"),
        ("last name: de la cruz", "Jake De La Cruz"),
        ("first name Tom", "Tom Smith"),
        ("Tom Lee", "Tom Lee"),
    ],
)
def test_one_part_of_a_name_is_corrected(text, full):
    assert fields.renamed(PersonName("Jake", "Smith"), text).full == full


@pytest.mark.parametrize(
    "text",
    [
        "3/4/2015",
        "03-04-2015",
        "03.04.2015",
        "3 4 2015",
        "2015-04-03",
        "2015/4/3",
        "03042015",
        "20150403",
        "030415",
        "3/4/15",
        "3 April 2015",
        "3rd April 2015",
        "the 3rd of April, 2015",
        "3 apr 15",
        "3Apr2015",
        "April 3, 2015",
        "April 3rd 2015",
        "Friday 3rd April 2015",
        "he was born on 3 April 2015",
        "his birthday is the third of April 2015",
        "third of april two thousand and fifteen",
        "third of april twenty fifteen",
        "3 April '15",
    ],
)
def test_a_birthday_is_read_day_first(text):
    assert CHILD(text) == date(2015, 4, 3)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("03/25/2015", date(2015, 3, 25)),
        ("05/04/2015", date(2015, 4, 5)),
        ("29/02/2016", date(2016, 2, 29)),
        ("12 febuary 2016", date(2016, 2, 12)),
        ("22/11/2026", date(2026, 11, 22)),
        ("1 sept 2014", date(2014, 9, 1)),
    ],
)
def test_a_birthday_on_the_edge_is_read(text, day):
    assert CHILD(text) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3/4/85", date(1985, 4, 3)),
        ("3 April 1985", date(1985, 4, 3)),
        ("third of april nineteen eighty five", date(1985, 4, 3)),
        ("1/1/1900", date(1900, 1, 1)),
        ("1/1/30", date(1930, 1, 1)),
    ],
)
def test_two_digits_that_lie_ahead_are_of_the_last_century(text, day):
    assert PARENT(text) == day


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31/02/2015", "no_such_day"),
        ("29/02/2015", "no_such_day"),
        ("45/13/2015", "no_such_day"),
        ("0/4/2015", "no_such_day"),
        ("3/4/2027", "future"),
        ("23/11/2026", "future"),
        ("3/4/30", "too_early"),
        ("31/12/2006", "too_early"),
        ("3 April", "incomplete"),
        ("April 2015", "incomplete"),
        ("2015", "incomplete"),
        ("10", "incomplete"),
        ("he is ten", "incomplete"),
        ("yesterday", "not_a_date"),
        ("3/4/2015 10:30", "not_a_date"),
        ("3/4/015", "not_a_date"),
        ("not sure", "unsure"),
        ("3 or 4 April 2015", "unsure"),
    ],
)
def test_a_birthday_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        CHILD(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "07700900123",
        "07700 900123",
        "07700 900 123",
        "07700-900-123",
        "(07700) 900123",
        "+447700900123",
        "+44 7700 900123",
        "+44 (0)7700 900123",
        "+44(0)7700900123",
        "+44 07700 900123",
        "0044 7700 900123",
        "00447700900123",
        "447700900123",
        "44 7700 900 123",
        "7700900123",
        "O7700 900123",
        "my number is 07700 900123.",
        "07700 900123 thanks",
        "０７７００ ９００１２３",
        "07700\u00a0900123",
        "oh seven seven double oh nine double oh one two three",
    ],
)
def test_a_mobile_is_read_in_any_form(text):
    assert fields.mobile(text) == "+447700900123"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0161 496 0000", "landline"),
        ("020 7946 0000", "landline"),
        ("0770090012", "wrong_length"),
        ("077009001234", "wrong_length"),
        ("+1 202 555 0123", "foreign"),
        ("+353 85 012 3456", "foreign"),
        ("07700 900123 or 07700 900124", "two_numbers"),
        ("hello", "no_number"),
        ("12", "no_number"),
        ("0800 001 066", "wrong_length"),
        ("070 1234 5678", "not_mobile"),
    ],
)
def test_a_number_that_cannot_get_our_text_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.mobile(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Sarah.Jones@Example.com", "sarah.jones@example.com"),
        ("it's sarah@example.co.uk.", "sarah@example.co.uk"),
        ("sarah @ example.com", "sarah@example.com"),
        ("<sarah+kids@example.com>", "sarah+kids@example.com"),
    ],
)
def test_an_email_is_read(text, address):
    assert fields.email(text) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "not_an_email"),
        ("a@b", "not_an_email"),
        ("a@localhost", "not_an_email"),
        ("a@@example.com", "not_an_email"),
        ("a@example,com", "not_an_email"),
        ("a@example.con", "typo"),
        ("a@example.com or b@example.com", "two_emails"),
    ],
)
def test_an_email_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.email(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes", True),
        ("Y", True),
        ("yeah that's fine", True),
        ("ok", True),
        ("of course", True),
        ("no problem", True),
        ("why not", True),
        ("👍", True),
        ("that's correct", True),
        ("no", False),
        ("Nope", False),
        ("no thanks", False),
        ("not any", False),
        ("that's not right", False),
        ("rather not", False),
        ("don't agree", False),
    ],
)
def test_yes_and_no_are_whole_words(text, answer):
    assert fields.yes_no(text) is answer


@pytest.mark.parametrize(
    "text", ["not sure", "maybe", "sometimes", "yes and no", "Yesterday", "Norman", "banana"]
)
def test_neither_yes_nor_no_is_asked_again(text):
    with pytest.raises(fields.Refused):
        fields.yes_no(text)


@pytest.mark.parametrize(
    ("text", "value", "note"),
    [
        ("boy", "Male", False),
        ("he's a boy", "Male", False),
        ("M", "Male", False),
        ("my daughter", "Female", False),
        ("Girl!", "Female", False),
        ("female", "Female", False),
        ("prefer not to say", "Not Disclosed", False),
        ("I'd rather not say", "Not Disclosed", False),
        ("I don't want to say", "Not Disclosed", False),
        ("non-binary", "Not Disclosed", True),
        ("they are nonbinary", "Not Disclosed", True),
        ("neither", "Not Disclosed", True),
        ("Not Disclosed", "Not Disclosed", False),
    ],
)
def test_gender_is_one_of_three_and_says_when_staff_should_look(text, value, note):
    assert (fields.gender(text), fields.gender_needs_note(text)) == (value, note)


@pytest.mark.parametrize("text", ["boy or girl", "not a boy", "unsure", "blue", "human"])
def test_an_unclear_gender_is_refused(text):
    with pytest.raises(fields.Refused):
        fields.gender(text)


@pytest.mark.parametrize(
    ("text", "value", "detail"),
    [
        ("mum", "Mother", ""),
        ("I'm his mam", "Mother", ""),
        ("Mom", "Mother", ""),
        ("daddy", "Father", ""),
        ("I am the father", "Father", ""),
        ("guardian", "Guardian", ""),
        ("step dad", "Guardian", "Step dad"),
        ("I'm her foster carer", "Guardian", "Foster carer"),
        ("grandad", "Other", "Grandad"),
        ("his nan", "Other", "Nan"),
        ("mum's partner", "Other", "Mum's partner"),
        ("other", "Other", ""),
    ],
)
def test_a_relationship_is_one_of_four_with_its_detail(text, value, detail):
    assert fields.relationship(text) == Relationship(value, detail)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("parent", "which_parent"),
        ("mum and dad", "two"),
        ("not his dad", "unclear"),
        ("blue", "unclear"),
    ],
)
def test_an_unclear_relationship_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.relationship(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "None",
        "n/a",
        "nope",
        "not any",
        "no, nothing really",
        "none that I know of",
        "no medical issues",
        "No, he's fit and healthy",
        "no known allergies",
        "no asthma",
        "no heart problems",
        "she doesn't have epilepsy or asthma",
        "no not that im aware of",
        "not that I'm aware of",
        "He has none",
        "nothing, thank you",
    ],
)
def test_nothing_medical_is_a_no(text):
    assert fields.medical(text) == Medical(False, "", False)


@pytest.mark.parametrize(
    ("text", "notes", "serious"),
    [
        ("Yes, asthma", "Asthma", False),
        ("he has asthma and eczema", "Asthma, Eczema", False),
        ("yes she suffers from hay fever, asthma, hay fever", "Hay fever, Asthma", False),
        ("asthma, uses an inhaler", "Asthma, Uses an inhaler", True),
        ("nut allergy, carries an EpiPen", "Nut allergy, Carries an EpiPen", True),
        ("type 1 diabetes", "Type 1 diabetes", True),
        ("Epilepsy", "Epilepsy", True),
        ("a heart murmur", "A heart murmur", True),
        ("No, but he has asthma", "Asthma", False),
        ("nothing serious, just hay fever", "Hay fever", False),
        ("asthma. Nothing else", "Asthma", False),
        ("no longer has asthma", "No longer has asthma", False),
        ("no epipen but nut allergy", "Nut allergy", False),
        ("no nuts", "No nuts", False),
        ("she's allergic to penicillin", "Allergic to penicillin", False),
        ("had a seizure in 2024", "Seizure in 2024", True),
    ],
)
def test_medical_details_become_a_tidy_list(text, notes, serious):
    assert fields.medical(text) == Medical(True, notes, serious)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yes", "details"),
        ("not sure", "unsure"),
        ("rather not say", "declined"),
        ("no, he has asthma", "unclear"),
        ("no contact sports", "unclear"),
        ("why?", "unclear"),
        ("asthma " * 200, "too_long"),
        ("x" * 3000, "too_long"),
    ],
)
def test_an_unclear_medical_answer_is_asked_again(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.medical(text)
    assert refusal.value.reason == reason


def test_talk_of_health_is_noticed():
    assert fields.mentions_health("he had a seizure last week")
    assert fields.mentions_health("She has ASTHMA")
    assert not fields.mentions_health("his name is Tom Heartley")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m41 0ab", "M41 0AB"),
        ("M410AB", "M41 0AB"),
        ("M41 OAB", "M41 0AB"),
        ("M41-0AB", "M41 0AB"),
        ("my postcode is m41 0ab thanks", "M41 0AB"),
        ("sw1a1aa", "SW1A 1AA"),
        ("GIR 0AA", "GIR 0AA"),
    ],
)
def test_a_postcode_is_read(text, value):
    assert fields.postcode(text) == value


@pytest.mark.parametrize(
    "text", ["QQ9 9QQ", "M41", "hello", "12345", "M41 0AB or M41 0AD", "M41 0A"]
)
def test_a_postcode_is_refused(text):
    with pytest.raises(fields.Refused):
        fields.postcode(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"),
        ("12a", "12a"),
        ("number 12", "12"),
        ("No. 12", "12"),
        ("it's 12", "12"),
        ("Flat 2", "Flat 2"),
        ("Flat 2, 14", "Flat 2, 14"),
        ("12 Church Road", "12"),
        ("Rose Cottage", "Rose Cottage"),
        ("The Start", "The Start"),
        ("twelve", "12"),
    ],
)
def test_a_house_is_kept_as_typed(text, value):
    assert fields.house_number(text) == value


@pytest.mark.parametrize("text", ["no", "none", "not sure", "M41 0AB", "x" * 21, "🏠"])
def test_a_house_is_refused(text):
    with pytest.raises(fields.Refused):
        fields.house_number(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "12 Church Road, Urmston, Manchester, M41 0AB",
            TypedAddress("12", "12 Church Road", "Urmston", "Manchester", "M41 0AB"),
        ),
        (
            "12 church road\nurmston\nm410ab",
            TypedAddress("12", "12 Church Road", "Urmston", "Urmston", "M41 0AB"),
        ),
        (
            "12 church road urmston m41 0ab",
            TypedAddress("12", "12 Church Road", "Urmston", "Urmston", "M41 0AB"),
        ),
        (
            "Rose Cottage, Church Lane, Urmston, M41 0AB, UK",
            TypedAddress(
                "Rose Cottage", "Rose Cottage, Church Lane", "Urmston", "Urmston", "M41 0AB"
            ),
        ),
        (
            "Flat 2, 14 Church Road, Stretford, M32 0AB",
            TypedAddress(
                "Flat 2, 14", "Flat 2 14 Church Road", "Stretford", "Stretford", "M32 0AB"
            ),
        ),
    ],
)
def test_a_typed_address_is_read_into_parts(text, address):
    assert fields.typed_address(text) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("12 Church Road, Urmston", "no_postcode"),
        ("Church Road, Urmston, M41 0AB", "no_house"),
        ("12 Church Road, M41 0AB", "no_town"),
        ("M41 0AB", "no_street"),
    ],
)
def test_an_address_without_a_part_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.typed_address(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("yes", True),
        ("lives with me", True),
        ("same address", True),
        ("no", False),
        ("elsewhere", False),
        ("with his dad", False),
        ("she doesn't live with me", False),
    ],
)
def test_where_the_child_lives_is_understood(text, same):
    assert fields.same_address(text) is same


def test_a_child_who_lives_there_sometimes_is_asked_about_again():
    with pytest.raises(fields.Refused):
        fields.same_address("sometimes")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "all"),
        ("both", "all"),
        ("yes, website and social media", "all"),
        ("only the squad list", "squad_list"),
        ("squad list please", "squad_list"),
        ("yes but not social media", "squad_list"),
        ("no", "identity_only"),
        ("just for ID", "identity_only"),
        ("identity only", "identity_only"),
        ("no, not even the squad list", "identity_only"),
        ("no, not at all", "identity_only"),
        ("I don't want any photos anywhere", "identity_only"),
        ("no, only the squad list", "squad_list"),
        ("all of them", "all"),
    ],
)
def test_photo_use_is_one_of_three(text, value):
    assert fields.photo_use(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "not sure",
        "only the website",
        "no social media",
        "hm",
        "the squad list is not ok",
        "all but one",
    ],
)
def test_an_unclear_photo_use_is_asked_again(text):
    with pytest.raises(fields.Refused):
        fields.photo_use(text)


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("Jean Smith 07700 900123", SecondContact("Jean Smith", "+447700900123")),
        ("07700 900123 Jean Smith", SecondContact("Jean Smith", "+447700900123")),
        ("his nan Jean, 07700900123", SecondContact("Nan Jean", "+447700900123")),
        ("Jean Smith and her number is 07700 900123", SecondContact("Jean Smith", "+447700900123")),
        (
            "Jean Smith 07700 900123. Mark Jones may not collect him",
            SecondContact("Jean Smith", "+447700900123", "Mark Jones may not collect him"),
        ),
        (
            "no, but his dad must not pick him up",
            SecondContact("", "", "his dad must not pick him up"),
        ),
        ("skip", None),
        ("no", None),
        ("none", None),
        ("no one else", None),
    ],
)
def test_a_second_contact_is_read_in_any_order(text, contact):
    assert fields.second_contact(text) == contact


@pytest.mark.parametrize(
    ("text", "reason"),
    [("07700 900123", "no_name"), ("Jean Smith", "no_number"), ("Jean 0161 496 0000", "landline")],
)
def test_half_a_second_contact_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.second_contact(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1", 1),
        ("the 1st", 1),
        ("first of the month", 1),
        ("second", 2),
        ("15th please", 15),
        ("the twenty-third", 23),
        ("twenty eight", 28),
        ("28", 28),
        ("last day of the month", -1),
        ("Last day", -1),
        ("end of the month", -1),
        ("-1", -1),
        ("−1", -1),
    ],
)
def test_a_payment_day_is_read(text, day):
    assert fields.payment_day(text) == day


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("29", "late_day"),
        ("the 30th", "late_day"),
        ("thirty-first", "late_day"),
        ("0", "out_of_range"),
        ("-5", "out_of_range"),
        ("32", "out_of_range"),
        ("1.5", "not_whole"),
        ("15 or 20", "two_numbers"),
        ("last Friday", "unclear"),
        ("second to last day", "unclear"),
        ("£15", "unclear"),
        ("not the 15th", "no_number"),
        ("whenever", "no_number"),
    ],
)
def test_a_payment_day_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.payment_day(text)
    assert refusal.value.reason == reason


def test_a_late_day_is_named_so_that_another_can_be_offered():
    with pytest.raises(fields.Refused) as refusal:
        fields.payment_day("the 30th")
    assert refusal.value.detail == {"day": 30}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("5-6", "5/6"),
        ("5 to 6", "5/6"),
        ("9/10", "9/10"),
        ("age 9 – 10 years", "9/10"),
        ("eleven to twelve", "11/12"),
        ("s", "S"),
        ("Medium", "M"),
        ("adult large please", "L"),
        ("extra large", "XL"),
        ("x-large", "XL"),
        ("xxl", "2XL"),
        ("3XL", "3XL"),
    ],
)
def test_a_kit_size_is_read(text, size):
    assert fields.kit_size(text) == size


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9", "one_age"),
        ("8/9", "not_a_size"),
        ("xs", "not_a_size"),
        ("9/10 or 11/12", "two_sizes"),
        ("small or medium", "two_sizes"),
        ("not sure", "unsure"),
        ("kids medium", "not_a_size"),
        ("huge", "not_a_size"),
    ],
)
def test_a_kit_size_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.kit_size(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("number seven", 7),
        ("#10", 10),
        ("No. 9", 9),
        ("twenty-five", 25),
        ("the first", 1),
        ("no 7", 7),
    ],
)
def test_a_shirt_number_is_read(text, number):
    assert fields.shirt_number(text) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0", "out_of_range"),
        ("26", "out_of_range"),
        ("-7", "out_of_range"),
        ("7 or 8", "two_numbers"),
        ("any", "any"),
        ("7.5", "not_whole"),
        ("not 7", "no_number"),
        ("goalie", "no_number"),
    ],
)
def test_a_shirt_number_is_refused(text, reason):
    with pytest.raises(fields.Refused) as refusal:
        fields.shirt_number(text)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("no", (False, "")),
        ("he didn't", (False, "")),
        ("first time", (False, "")),
        ("yes", (True, "")),
        ("Yes, Sale United", (True, "Sale United")),
        ("he played for Timperley last season", (True, "Timperley")),
        ("no, he was at Sale United", (True, "Sale United")),
        ("Why Not FC", (True, "Why Not FC")),
    ],
)
def test_another_team_last_season_is_read(text, answer):
    assert fields.played_elsewhere(text) == answer


def _medical_notes(text):
    found = fields.medical(text)
    return found.notes or "no"


def _contact_line(text):
    contact = fields.second_contact(text)
    return (
        "none" if contact is None else f"{contact.name} {contact.phone}\n{contact.not_to_collect}"
    )


READERS = {
    "person_name": lambda t: fields.person_name(t).full,
    "date_of_birth": lambda t: PARENT(t).strftime("%d-%m-%Y"),
    "gender": fields.gender,
    "yes_no": lambda t: "yes" if fields.yes_no(t) else "no",
    "medical": _medical_notes,
    "relationship": lambda t: fields.relationship(t).value,
    "mobile": fields.mobile,
    "email": fields.email,
    "postcode": fields.postcode,
    "house_number": fields.house_number,
    "typed_address": lambda t: fields.typed_address(t).full,
    "same_address": lambda t: "yes" if fields.same_address(t) else "no",
    "photo_use": fields.photo_use,
    "second_contact": _contact_line,
    "payment_day": lambda t: str(fields.payment_day(t)),
    "kit_size": fields.kit_size,
    "shirt_number": lambda t: str(fields.shirt_number(t)),
    "played_elsewhere": lambda t: fields.played_elsewhere(t)[1] or "no",
    "team_name": fields.team_name,
}
_PIECES = st.sampled_from(
    "yes no not 7 12 2015 15th last April his mum dad asthma Church Road Urmston M41 0AB 07700 "
    "900123 a@b.co O'Brien "
    "Jake is and but , . - ' / \n my name "
    "only squad list two XL boy skip the I it's called played for".split(" ")
)
ANY_TEXT = st.one_of(st.text(max_size=120), st.lists(_PIECES, max_size=12).map(" ".join))


@pytest.mark.parametrize("reader", READERS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(text=ANY_TEXT)
def test_any_text_is_read_or_refused_and_what_was_read_stays(reader, text):
    read = READERS[reader]
    try:
        canonical = read(text)
    except fields.Refused as refusal:
        assert refusal.reason
        return
    assert read(canonical) == canonical


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "text", ["page after page " * 30_000, "\x00", "\ud800", "7" * 5000, "(" * 199]
)
def test_a_book_or_a_broken_character_is_refused(reader, text):
    with pytest.raises(fields.Refused):
        READERS[reader](text)
