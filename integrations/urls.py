"""Addresses of the integrations app; no trailing slashes (domain 3.1)."""

from django.urls import URLPattern, path

from integrations import api
from integrations.agents import api as agents
from integrations.health import metrics, pages

urlpatterns: list[URLPattern] = [
    path("webhooks/gocardless", api.gocardless_webhook, name="gocardless-webhook"),
    path("webhooks/gocardless/test", api.gocardless_test, name="gocardless-webhook-test"),
    path("webhooks/airtable", api.airtable_webhook, name="airtable-webhook"),
    path("livez", api.livez, name="livez"),
    path("readyz", api.readyz, name="readyz"),
    path("service-health", pages.service_health_json, name="service-health"),
    path("agent/status", agents.status, name="agent-status"),
    path("agent/mode", agents.mode, name="agent-mode"),
    path("metrics", metrics.metrics, name="metrics"),
]
