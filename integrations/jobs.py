"""The bells of this app: each looks at what is due."""

from celery import shared_task

from integrations import actions, inbox, telling
from integrations.accounts import resets
from integrations.agents import hosted
from integrations.airtable import hooks, pull, push
from integrations.health import parts


@shared_task(name="integrations.process_events")
def process_events() -> None:
    """Apply the webhook events that wait."""
    inbox.process_due()


@shared_task(name="integrations.push_airtable")
def push_airtable() -> None:
    """Send what is behind to Airtable."""
    push.push_due()


@shared_task(name="integrations.pull_airtable")
def pull_airtable() -> None:
    """Read what volunteers changed in Airtable: what the hook tells, and what it missed."""
    hooks.keep()
    hooks.drain()
    pull.pull_due(hooked=hooks.alive(), between=lambda: push.push_due(batches=1))


@shared_task(name="integrations.drain_airtable")
def drain_airtable() -> None:
    """Airtable says that something changed: ask what, and read it."""
    hooks.drain()


@shared_task(name="integrations.service_back")
def service_back(service: str) -> None:
    """A service answers again: what waited for it is due now."""
    actions.wake(service)


@shared_task(name="integrations.mail_resets")
def mail_resets() -> None:
    """Send the links for new passwords that wait."""
    resets.send_due()


@shared_task(name="integrations.mail_staff")
def mail_staff() -> None:
    """Send what staff are told by e-mail."""
    telling.send_due()


@shared_task(name="integrations.watch_services")
def watch_services() -> None:
    """Tell staff of a service that stays away or is blocked."""
    telling.watch()


@shared_task(name="integrations.mail_digests")
def mail_digests() -> None:
    """Tell each member of staff once a day what waits."""
    telling.digests()


@shared_task(name="integrations.beat")
def beat() -> None:
    """Show that worker and beat are alive."""
    parts.note_heartbeat()


@shared_task(name="integrations.watch_agents")
def watch_agents() -> None:
    """Look whether the agents' door is well, where models are sent there."""
    hosted.watch()


@shared_task(name="integrations.tidy")
def tidy() -> None:
    """Remove what is kept for a while only."""
    actions.tidy()
