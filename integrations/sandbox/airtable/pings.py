"""Pings: they carry no change, only that there is one; signed, and sent again when not taken."""

import base64
import hashlib
import hmac
import json
import random
from typing import Any

import requests

from integrations import clock
from integrations.sandbox import faults
from integrations.sandbox.airtable import hooks
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.store import Store

_TIMEOUT = 10
_RANDOM = random.SystemRandom()


def send_due(store: Store, config: SandboxConfig) -> None:
    """Send every ping whose moment has come; one at a time for each webhook."""
    if faults.mode(store, "airtable") == "down":
        return
    waiting = store.all(hooks.PINGS)
    shuffled = False
    for ping in waiting:
        if "mode" not in ping:
            shuffled |= _meet_fault(store, ping)
    if shuffled:
        _RANDOM.shuffle(waiting)
    for ping in waiting:
        hook = store.get(hooks.KIND, ping["id"])
        if hook is None or not hook["enabled"]:
            store.delete(hooks.PINGS, ping["id"])
        elif ping["next_at"] <= clock.pace():
            _attempt(store, config, hook, ping)


def _meet_fault(store: Store, ping: dict[str, Any]) -> bool:
    """Decide once what happens to a new ping; whether the order is to be mixed up."""
    fault = faults.take_webhook(store, "airtable")
    ping["mode"] = fault.mode if fault else ""
    if fault and fault.mode == "delayed":
        ping["next_at"] = clock.pace() + fault.seconds
    with store.lock:
        kept = store.get(hooks.PINGS, ping["id"])
        if kept is not None:
            store.put(hooks.PINGS, ping["id"], ping | {"asked": kept["asked"]})
    return ping["mode"] == "shuffled"


def _attempt(
    store: Store, config: SandboxConfig, hook: dict[str, Any], ping: dict[str, Any]
) -> None:
    began = clock.pace()
    problem = ""
    for _ in range(2 if ping["mode"] == "doubled" else 1):
        problem = _post(config, hook, bad_signature=ping["mode"] == "bad_signature")
    retried = bool(problem) and ping["attempts"] < len(config.webhook_gaps)
    result = {
        "success": not problem,
        "completionTimestamp": hooks.stamp(clock.now()),
        "durationMs": round((clock.pace() - began) * 1000, 1),
        "retryNumber": ping["attempts"],
    } | ({"error": {"message": problem}, "willBeRetried": retried} if problem else {})
    with store.lock:
        _keep_result(store, ping["id"], result, given_up=bool(problem) and not retried)
        _plan_next(store, config, ping, retried=retried)


def _keep_result(store: Store, hook_id: str, result: dict[str, Any], *, given_up: bool) -> None:
    hook = store.get(hooks.KIND, hook_id)
    if hook is None:  # deleted, or the sandbox was reset meanwhile
        return
    hook["last_result"] = result
    if result["success"]:
        hook["last_success"] = result["completionTimestamp"]
    if given_up:
        hook["enabled"] = False
    store.put(hooks.KIND, hook_id, hook)


def _plan_next(store: Store, config: SandboxConfig, ping: dict[str, Any], *, retried: bool) -> None:
    kept = store.get(hooks.PINGS, ping["id"])
    if kept is None:
        return
    if retried:
        next_at = clock.pace() + config.webhook_gaps[ping["attempts"]]
        store.put(
            hooks.PINGS, ping["id"], kept | {"attempts": ping["attempts"] + 1, "next_at": next_at}
        )
    elif kept["asked"] > ping["asked"]:  # more has happened since: another ping
        again = {"id": ping["id"], "attempts": 0, "next_at": 0.0, "asked": kept["asked"]}
        store.put(hooks.PINGS, ping["id"], again)
    else:
        store.delete(hooks.PINGS, ping["id"])


def _post(config: SandboxConfig, hook: dict[str, Any], *, bad_signature: bool) -> str:
    """Send one ping; what was wrong with the answer, or an empty text."""
    content = {
        "base": {"id": config.airtable_base_id},
        "webhook": {"id": hook["id"]},
        "timestamp": hooks.stamp(clock.now()),
    }
    body = json.dumps(content, separators=(",", ":")).encode()
    wrong = b"x" if bad_signature else b""
    headers = {"Content-Type": "application/json", "X-Airtable-Content-MAC": mac(hook, body, wrong)}
    try:
        answer = requests.post(
            hook["url"], data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
        )
    except requests.RequestException as error:
        return f"The address could not be reached: {type(error).__name__}"
    if answer.status_code in (200, 204):
        return ""
    return f"The address answered {answer.status_code}"


def mac(hook: dict[str, Any], body: bytes, wrong: bytes = b"") -> str:
    """The header X-Airtable-Content-MAC of exactly these bytes (wire/airtable 1.12)."""
    secret = base64.b64decode(hook["secret"]) + wrong
    return f"hmac-sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
