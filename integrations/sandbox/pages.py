"""The sandbox's pages for a person: the index, the clock, the switches."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from integrations import clock
from integrations.sandbox import faults
from integrations.sandbox.config import SandboxConfig, web_url
from integrations.sandbox.control import advance
from integrations.sandbox.store import Store

STEPS = {
    "hour": ("1 hour", timedelta(hours=1)),
    "day": ("1 day", timedelta(days=1)),
    "week": ("1 week", timedelta(weeks=1)),
    "month": ("1 month", timedelta(days=30)),
}
NAMES = {
    "gocardless": "GoCardless (payments)",
    "airtable": "Airtable (the club's tables)",
    "twilio": "Twilio (text messages)",
    "places": "Google Places (addresses)",
    "s3": "S3 (photos)",
    "openai": "OpenAI (reading answers)",
}


def blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """Plain HTML forms; every POST leads back to its page."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def index() -> str:
        return render_template("index.html", web_url=web_url(store, config))

    @pages.get("/clock")
    def show_clock() -> str:
        return _clock_page()

    @pages.post("/clock")
    def move_clock() -> Answer:
        return _move_clock(store, request.form.get("step", ""))

    @pages.get("/switches")
    def show_switches() -> str:
        return _switches_page(store)

    @pages.post("/switches")
    def switch() -> Answer:
        return _switch(store, request.form)

    return pages


def _clock_page() -> str:
    return render_template(
        "clock.html",
        now=clock.london(clock.now()),
        moved=bool(clock.offset()),
        steps={name: label for name, (label, _) in STEPS.items()},
    )


def _move_clock(store: Store, step: str) -> Answer:
    if step == "reset":
        clock.set_offset(timedelta())
    elif step in STEPS:
        advance(store, STEPS[step][1])
    else:
        return Response("There is no such step.", status=400, mimetype="text/plain")
    return redirect(url_for("pages.show_clock"), 303)


def _switches_page(store: Store) -> str:
    services = [
        {
            "id": service,
            "name": NAMES[service],
            "answers": faults.modes(service),
            "webhooks": faults.webhook_modes(service),
            "state": state,
        }
        for service, state in faults.details(store).items()
    ]
    return render_template("switches.html", services=services)


def _switch(store: Store, form: Mapping[str, str]) -> Answer:
    """Take the form of one service; what was left empty is no limit."""
    try:
        limits: dict[str, Any] = {}
        if form.get("count", "").strip():
            limits["count"] = int(form["count"])
        if form.get("seconds", "").strip():
            limits["seconds"] = float(form["seconds"])
        limits["operation"] = form.get("operation", "").strip() or None
        faults.set_mode(store, form.get("service", ""), form.get("mode", ""), **limits)
    except ValueError as error:
        return Response(str(error), status=400, mimetype="text/plain")
    return redirect(url_for("pages.show_switches"), 303)
