"""The parents' phones: what each number received, with a box to reply."""

import re
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from integrations.sandbox.config import SandboxConfig, web_url
from integrations.sandbox.store import Store
from integrations.sandbox.twilio import messages, numbers, optout
from integrations.sandbox.twilio.delivery import Delivery, signed_post

_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")


def pages_blueprint(store: Store, config: SandboxConfig) -> Blueprint:
    """`/phone` lists the numbers; `/phone/<number>` shows one phone and takes its replies."""
    bp = Blueprint("twilio_pages", __name__)
    delivery = Delivery(store, config)
    bp.add_app_template_filter(linked, "linked")

    @bp.get("/phone")
    def phones() -> str:
        return render_template("twilio/phones.html", phones=_phones(store))

    @bp.get("/phone/<number>")
    def phone(number: str) -> str:
        number = _number(number)
        return render_template(
            "twilio/phone.html",
            number=number,
            messages=_conversation(store, number),
            sender=_last_sender(store, number),
        )

    @bp.post("/phone/<number>")
    def reply(number: str) -> Response:
        number = _number(number)
        sender, body = _last_sender(store, number), request.form.get("body", "").strip()
        if sender and body:
            receive(store, config, delivery, parent=number, club=sender, body=body[:1600])
        return redirect(url_for("twilio_pages.phone", number=number), 303)

    return bp


def receive(
    store: Store,
    config: SandboxConfig,
    delivery: Delivery,
    *,
    parent: str,
    club: str,
    body: str,
) -> None:
    """An SMS from a parent: kept, its STOP or START obeyed and answered, told to the club."""
    kind = optout.word(body)
    account = config.twilio_account_sid
    inbound = messages.build(
        account, to=club, sender=parent, body=body, status="received", direction="inbound"
    )
    with store.lock:
        store.put(messages.KIND, inbound["sid"], inbound | {"date_sent": inbound["date_created"]})
        optout.remember(store, club, parent, kind)
        answer = None
        if kind:
            answer = messages.build(
                account,
                to=parent,
                sender=club,
                body=optout.REPLIES[kind],
                status="queued",
                direction="outbound-reply",
            )
            store.put(messages.KIND, answer["sid"], answer)
    if answer:
        delivery.add(answer["sid"])
    form = {
        "MessageSid": inbound["sid"],
        "SmsSid": inbound["sid"],
        "SmsStatus": "received",
        "AccountSid": account,
        "ApiVersion": "2010-04-01",
        "From": parent,
        "To": club,
        "Body": body,
        "NumMedia": "0",
        "NumSegments": inbound["num_segments"],
    }
    form |= {"OptOutType": kind} if kind else {}
    signed_post(config, f"{web_url(store, config)}/webhooks/twilio/inbound", form)


def linked(text: str) -> Markup:
    """The text, escaped, with its web addresses made into links."""
    shown, at = Markup(""), 0
    for match in _LINK.finditer(text):
        shown += escape(text[at : match.start()])
        shown += Markup('<a href="{0}">{0}</a>').format(match[0])
        at = match.end()
    return shown + escape(text[at:])


def _number(text: str) -> str:
    """A number from the path: +44…, 44… or 07…; 404 for anything else."""
    digits = re.sub(r"[^\d]", "", text)
    number = f"+44{digits[1:]}" if digits.startswith("0") else f"+{digits}"
    if not numbers.can_reply_to(number):
        abort(404)
    return number


def _conversation(store: Store, number: str) -> list[dict[str, Any]]:
    kept = reversed(store.all(messages.KIND))
    return [one for one in kept if number in (one["to"], one["from"])]


def _last_sender(store: Store, number: str) -> str:
    """The number that last wrote to this phone; a sender by name cannot be answered."""
    for message in _conversation(store, number):
        if message["to"] == number and numbers.can_reply_to(message["from"] or ""):
            return message["from"]
    return ""


def _phones(store: Store) -> list[dict[str, Any]]:
    """Every phone that was written to, the latest message first."""
    phones: dict[str, dict[str, Any]] = {}
    for message in reversed(store.all(messages.KIND)):
        inbound = message["direction"] == "inbound"
        number = message["from"] if inbound else message["to"]
        phone = phones.setdefault(number, {"number": number, "last": message, "count": 0})
        phone["count"] += 1
    return list(phones.values())
