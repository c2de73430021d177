"""The bells of payments; a call without anything due does nothing."""

import logging

from celery import shared_task

from integrations.errors import OutsideError
from payments import takings
from payments.actions import arrears, asking, collecting, ending, orders, reconciling, repricing

log = logging.getLogger(__name__)


@shared_task(name="payments.ask")
def ask() -> None:
    """Make what billing requests are due, and look again at those that wait."""
    asking.ask_due()


@shared_task(name="payments.collect")
def collect() -> None:
    """Create what subscriptions are due."""
    collecting.collect_due()


@shared_task(name="payments.price")
def price() -> None:
    """Look at the fees of families where something has changed, and amend what is collected."""
    repricing.price_due()


@shared_task(name="payments.end")
def end() -> None:
    """End the monthly collections that are to be ended."""
    ending.end_due()


@shared_task(name="payments.order")
def order() -> None:
    """Make the refunds and other tries that were asked for."""
    orders.order_due()


@shared_task(name="payments.chase")
def chase() -> None:
    """Look at what is late: reminders in waking hours, then staff."""
    arrears.chase()


@shared_task(name="payments.add_up")
def add_up() -> None:
    """Add up the season's money for home."""
    takings.add_up()


@shared_task(name="payments.reconcile")
def reconcile() -> None:
    """Compare our books with GoCardless's; an outage is a reason to try again the next night."""
    try:
        reconciling.reconcile()
    except OutsideError as error:
        log.warning("not reconciled: %s", error.code or type(error).__name__)
