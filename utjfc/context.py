"""What every template may say about the club."""

from django.conf import settings
from django.http import HttpRequest


def club(request: HttpRequest) -> dict[str, str]:
    """The club's names, mailbox and privacy notice."""
    return {
        "club_name": settings.CLUB_NAME,
        "club_short_name": settings.CLUB_SHORT_NAME,
        "club_email": settings.CLUB_EMAIL,
        "privacy_notice_url": settings.PRIVACY_NOTICE_URL,
    }
