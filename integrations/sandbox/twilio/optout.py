"""STOP and START: who does not want messages from whom (wire/gocardless_twilio 7.7)."""

from integrations.sandbox.store import Store

KIND = "twilio.opt_outs"
_WORDS = {
    "STOP": "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split(),
    "START": "START UNSTOP YES".split(),
    "HELP": "HELP INFO".split(),
}
REPLIES = {
    "STOP": "You will get no more messages from this number. Reply START to get them again.",
    "START": "You will get messages from this number again. Reply STOP to end them.",
    "HELP": "Reply STOP to end messages from this number.",
}


def word(body: str) -> str:
    """STOP, START or HELP when that is all that the message says, else nothing."""
    said = body.strip().upper()
    return next((kind for kind, words in _WORDS.items() if said in words), "")


def remember(store: Store, sender: str, recipient: str, kind: str) -> None:
    """Keep or lift the block between a sender and a recipient."""
    pair = f"{sender} {recipient}"
    if kind == "STOP":
        store.put(KIND, pair, {"sender": sender, "recipient": recipient})
    elif kind == "START":
        store.delete(KIND, pair)


def is_out(store: Store, sender: str, recipient: str) -> bool:
    """Whether the recipient told this sender to stop."""
    return store.get(KIND, f"{sender} {recipient}") is not None
