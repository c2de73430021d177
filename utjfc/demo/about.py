"""What the demo's club says of itself: texts that a real club would write for itself."""

from registrations.models import ClubText

_TEXTS = [
    (
        "What it costs",
        "There is a one-off **signing-on fee of {fee}**, and then **{monthly} a month** by Direct "
        "Debit ({months}). Brothers and sisters pay less. If money is tight, write to {email}: "
        "nobody is to miss football for that.",
        "price, prices, fee, fees, subs, subscription, pay, payment, cost, money, discount, "
        "sibling, afford, expensive, direct debit, monthly",
    ),
    (
        "Training and matches",
        "Each team trains **once a week** in the evening and plays on Saturday or Sunday morning, "
        "September to May. Day and place are the team's own: its manager tells you.",
        "train, training, practice, when, evening, weekend, match, matches, game, pitch, ground, "
        "where, time, sunday, saturday, venue",
    ),
    (
        "How to get a code",
        "The **manager or coach** of your child's team gives you the code; it looks like "
        "`{code}`. You have no team yet? Write to {email} with your child's age and we find one.",
        "code, codes, lost, join, joining, register, registration, sign up, signing, new player, "
        "trial, start, begin",
    ),
    (
        "How to reach us",
        "Write to **{email}**; a volunteer answers, mostly in the evening.",
        "contact, email, e-mail, phone, telephone, ring, call, reach, number, secretary, address, "
        "welfare, complain, complaint",
    ),
    (
        "Ages and teams",
        "We have boys', girls' and mixed teams from **under 7 to under 18**. The age that counts "
        "is the one on 31 August before the season.",
        "age, ages, old, young, year, girls, boys, mixed, under, team, teams, u7, u8, u9, u10",
    ),
    (
        "Kit",
        "New players get the club's **shirt and shorts** for the season; boots and shin pads are "
        "your own. You choose size and number in the registration.",
        "kit, shirt, shorts, boots, shin pads, clothes, wear, size, uniform, socks",
    ),
]


def build() -> None:
    """Save them, where staff have not written any."""
    if not ClubText.objects.exists():
        ClubText.objects.bulk_create(
            ClubText(title=title, words=words, keywords=keywords)
            for title, words, keywords in _TEXTS
        )
