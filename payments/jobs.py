"""The bells of payments; a call without anything due does nothing."""

from celery import shared_task

from payments.actions import asking, collecting, repricing


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
