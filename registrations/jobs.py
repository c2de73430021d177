"""Doors for the worker: each looks at what is due and calls an action."""

from celery import shared_task

from registrations import limits
from registrations.actions import (
    changing,
    circulars,
    inviting,
    kit,
    offering,
    photo_advice,
    photos,
    proving_back,
    resends,
    resuming,
    retention,
    rollover_tables,
    sending,
    weekly,
)


@shared_task(name="registrations.send_messages")
def send_messages() -> None:
    """Send texts and e-mails that are due, links and codes among them."""
    changing.send_due()
    proving_back.send_due()
    sending.send_due()
    resuming.send_due()


@shared_task(name="registrations.mail_late_sms")
def mail_late_sms() -> None:
    """E-mail what Twilio could not take for ten minutes."""
    sending.mail_late()


@shared_task(name="registrations.poll_sms")
def poll_sms() -> None:
    """Ask for receipts that never came."""
    sending.poll_stragglers()


@shared_task(name="registrations.look_at_photos")
def look_at_photos() -> None:
    """Have photos looked at, where the club wants that."""
    photo_advice.look_due()


@shared_task(name="registrations.process_photos")
def process_photos() -> None:
    """Decode uploads and move photos to storage."""
    photos.process_due()


@shared_task(name="registrations.release_expired")
def release_expired() -> None:
    """Let go of shirts that nobody came back for, and of who asked how often."""
    kit.release_expired()
    limits.forget()


@shared_task(name="registrations.invite")
def invite() -> None:
    """Hand over the invitations and reminders that are due."""
    inviting.send_due()


@shared_task(name="registrations.offer_places")
def offer_places() -> None:
    """End the offers whose time is over, then offer what is free."""
    offering.lapse_due()
    offering.offer_free_places()


@shared_task(name="registrations.roll_tables")
def roll_tables() -> None:
    """Make and check a new season's table in Airtable."""
    rollover_tables.roll_due()


@shared_task(name="registrations.resend_links")
def resend_links() -> None:
    """Carry on with payment links that go out again to many."""
    while resends.carry_on():
        continue


@shared_task(name="registrations.retain")
def retain() -> None:
    """Remove what has been kept long enough."""
    retention.run(dry_run=False)


@shared_task(name="registrations.remove_pictures")
def remove_pictures() -> None:
    """Delete the pictures of removed photos from storage."""
    retention.remove_pictures()


@shared_task(name="registrations.send_circulars")
def send_circulars() -> None:
    """Carry on with what staff wrote to many."""
    circulars.send_due()


@shared_task(name="registrations.tell_managers")
def tell_managers() -> None:
    """Owe each manager the week's list of who has paid."""
    weekly.tell_managers()
