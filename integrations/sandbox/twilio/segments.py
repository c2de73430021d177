"""How many parts an SMS is billed as (wire/gocardless_twilio 7.6)."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}[]~\\|€\f")


def count(body: str) -> int:
    """The number of segments: GSM-7 160 or 153 septets each, else UCS-2 70 or 67 units each."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in body):
        return _parts([2 if letter in _EXTENDED else 1 for letter in body], 160, 153)
    return _parts([len(letter.encode("utf-16-le")) // 2 for letter in body], 70, 67)


def _parts(sizes: list[int], alone: int, part: int) -> int:
    if sum(sizes) <= alone:
        return 1
    parts, used = 1, 0
    for size in sizes:
        # An escaped character or a surrogate pair does not straddle two parts.
        if used + size > part:
            parts, used = parts + 1, 0
        used += size
    return parts
