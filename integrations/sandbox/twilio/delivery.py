"""A message's way to the phone, told to the StatusCallback in signed forms (7.4, 7.5)."""

import itertools
import queue
import threading
import time
from typing import Any

import requests
from twilio.request_validator import RequestValidator

from integrations import clock
from integrations.sandbox import faults
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.store import Store
from integrations.sandbox.twilio import messages, numbers, segments

STEP_SECONDS = 0.1
_WORKERS = 4
# Twilio waits some 15 s for an answer and does not try again by default.
_TIMEOUT = (5, 15)
_NEXT = {"accepted": "sent", "queued": "sent", "sending": "sent", "sent": "delivered"}
Form = dict[str, str]


def signed_post(
    config: SandboxConfig, url: str, form: Form, *, bad_signature: bool = False
) -> None:
    """POST a form with X-Twilio-Signature; whatever comes of it, nothing is tried again."""
    wrong = "x" if bad_signature else ""
    validator = RequestValidator(config.twilio_auth_token + wrong)
    headers = {"X-Twilio-Signature": validator.compute_signature(url, form)}
    try:
        requests.post(url, data=form, headers=headers, timeout=_TIMEOUT)
    except requests.RequestException:
        # A receiver that is away misses the callback, as it would there; it can poll.
        return


class Delivery:
    """Background threads that move messages on; started with the first message."""

    def __init__(self, store: Store, config: SandboxConfig) -> None:
        self.store = store
        self.config = config
        self._due: queue.PriorityQueue[tuple[float, int, str]] = queue.PriorityQueue()
        self._ticket = itertools.count()
        self._starting = threading.Lock()
        self._started = False
        # Callbacks that wait for the next one, to arrive after it.
        self._held: dict[str, tuple[str, Form]] = {}

    def resume(self) -> None:
        """Take up messages that a restart left on their way."""
        for message in self.store.all(messages.KIND):
            if message["direction"] != "inbound" and message["status"] in _NEXT:
                self.add(message["sid"])

    def add(self, sid: str) -> None:
        """Move the message on, a step at a time, from now."""
        with self._starting:
            if not self._started:
                self._started = True
                for _ in range(_WORKERS):
                    threading.Thread(target=self._work, daemon=True).start()
        self._later(sid)

    def _later(self, sid: str) -> None:
        self._due.put((time.monotonic() + STEP_SECONDS, next(self._ticket), sid))

    def _work(self) -> None:
        while True:
            due, _, sid = self._due.get()
            time.sleep(max(due - time.monotonic(), 0))
            if faults.mode(self.store, "twilio") == "down" or self._step(sid):
                self._later(sid)

    def _step(self, sid: str) -> bool:
        """One status further and its callback; whether another step follows."""
        with self.store.lock:
            message = self.store.get(messages.KIND, sid)
            if message is None or message["status"] not in _NEXT:
                return False
            moved = self._moved(message)
            self.store.put(messages.KIND, sid, moved)
        more = moved["status"] in _NEXT
        callback = self.store.get(messages.CALLBACKS, sid)
        if callback:
            self._call_back(callback["url"], self._form(moved), more)
        return more

    def _call_back(self, url: str, form: Form, more: bool) -> None:
        """Tell the new status, in the way that the switch for webhooks says."""
        fault = faults.take_webhook(self.store, "twilio")
        mode, sid = fault.mode if fault else "", form["MessageSid"]
        if mode == "shuffled" and more:
            self._held[sid] = (url, form)
            return
        if fault and mode == "delayed":
            time.sleep(fault.seconds)
        for _ in range(2 if mode == "doubled" else 1):
            signed_post(self.config, url, form, bad_signature=mode == "bad_signature")
        if sid in self._held:
            signed_post(self.config, *self._held.pop(sid))

    def _moved(self, message: dict[str, Any]) -> dict[str, Any]:
        now, status = messages.stamp(), _NEXT[message["status"]]
        change: dict[str, Any] = {"status": status, "date_updated": now}
        if status == "sent":
            change |= {"date_sent": now, "num_segments": str(segments.count(message["body"]))}
        failure = numbers.failure(message["to"]) if status == "delivered" else None
        if failure:
            change |= {"status": "undelivered", "error_code": failure[0]}
            change |= {"error_message": failure[1]}
        return message | change

    def _form(self, message: dict[str, Any]) -> Form:
        form = {
            "MessageSid": message["sid"],
            "SmsSid": message["sid"],
            "MessageStatus": message["status"],
            "SmsStatus": message["status"],
            "To": message["to"],
            "AccountSid": message["account_sid"],
            "ApiVersion": message["api_version"],
        }
        optional = {
            "From": message["from"],
            "MessagingServiceSid": message["messaging_service_sid"],
            "ErrorCode": message["error_code"],
        }
        form |= {name: str(value) for name, value in optional.items() if value is not None}
        if message["status"] == "delivered":
            form["RawDlrDoneDate"] = f"{clock.now():%y%m%d%H%M}"
        return form
