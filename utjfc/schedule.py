"""When each job runs: the sweeps that find what is due, and the nightly work."""

from celery.schedules import crontab

SECONDS = {
    "integrations.process_events": 3,
    "integrations.push_airtable": 3,
    "registrations.send_messages": 3,
    "registrations.resend_links": 5,
    "registrations.process_photos": 3,
    "registrations.look_at_photos": 20,
    "registrations.poll_sms": 120,
    "registrations.mail_late_sms": 30,
    "registrations.release_expired": 60,
    "registrations.roll_tables": 60,
    "registrations.offer_places": 60,
    "registrations.invite": 10,
    "registrations.remove_pictures": 60,
    "registrations.send_circulars": 10,
    "payments.ask": 3,
    "payments.collect": 3,
    "payments.price": 3,
    "payments.end": 3,
    "payments.order": 3,
    "payments.add_up": 300,
    "payments.chase": 3600,
    "integrations.mail_resets": 5,
    "integrations.beat": 30,
    "integrations.watch_agents": 30,
    "integrations.mail_staff": 10,
    "integrations.watch_services": 60,
    "integrations.mail_digests": 600,
    "registrations.tell_managers": 600,
}
NIGHTLY = {
    "payments.reconcile": crontab(hour=2, minute=41),
    "registrations.retain": crontab(hour=3, minute=29),
    "integrations.tidy": crontab(hour=3, minute=17),
}


def beat(pull_airtable: float) -> dict[str, dict]:
    """Celery's schedule. Airtable is read every `pull_airtable` seconds: its webhooks tell
    sooner, and this finds what they missed."""
    swept = SECONDS | {"integrations.pull_airtable": pull_airtable}
    return {
        # A sweep that found no worker in time is worthless: the next one is on its way.
        name: {"task": name, "schedule": every, "options": {"expires": max(every * 2, 10)}}
        for name, every in swept.items()
    } | {name: {"task": name, "schedule": when} for name, when in NIGHTLY.items()}
