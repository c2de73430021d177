"""The few friendly words that a model may put before our own: from a closed list, or none.

Nobody can make the club say that a fee is waived or that all is done: such words are not in it.
"""

import re

from registrations.fields.plain import tidy

LONGEST = 60  # characters
_FRIENDLY = frozenset(
    "a ah all amazing and appreciated aww bless brilliant cheers cool excellent fab fabulous "
    "fantastic for glad good got great grand gotcha happy have hello hey hi i is it it's its know "
    "letting lots lovely many me meet much name names nice noted now of ok okay oh perfect pleased "
    "right smashing so splendid super telling thank thanks that that's thats the this to us very "
    "welcome well what we we've wonderful you your".split()
)


def sieved(phrase: object, names: list[str]) -> str:
    """The phrase as one short sentence, or "" where it says anything but thanks.

    `names` are the first names that the parent has given: they may be in it.
    """
    if not isinstance(phrase, str):
        return ""
    plain = tidy(phrase).strip(" .!,")
    known = _FRIENDLY | {word for name in names for word in name.casefold().split()}
    said = re.findall(r"[^\W_]+(?:'[^\W_]+)?", plain.casefold())
    kept = plain and len(plain) <= LONGEST and set(said) <= known
    odd = re.search(r"[^\w\s',.!-]|_", plain)
    return f"{plain}!" if kept and said and not odd else ""
