"""The Celery application: the doorbell, and the beat that sweeps."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "utjfc.settings")

# Kombu takes no import path from a broker's URL, so the folder has a name of its own.
TRANSPORT_ALIASES["folder"] = "utjfc.broker:Transport"

app = Celery("utjfc")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
