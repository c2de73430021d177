"""Wiring only: settings, addresses, the Celery app."""

from utjfc.celery import app as celery_app

__all__ = ["celery_app"]
