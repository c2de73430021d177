"""What an answer of the Responses API holds: message and calls wherever they stand; parse ladder.

Pure: wire/others 2 for the shapes, domain 9.5 for what went wrong when only item 0 was read.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

_FENCE = re.compile(r"^\s*```[a-z]*\s*|\s*```\s*$", re.IGNORECASE)
_LOOKS_CODED = re.compile(r"""[{}\[\]<>`\\]|":|\bnull\b|\berror\b""", re.IGNORECASE)


@dataclass(frozen=True)
class Message:
    """The assistant's message; `complete` is False where it was cut short."""

    text: str
    refused: bool
    complete: bool


@dataclass(frozen=True)
class Call:
    """A tool of ours that the model calls; `arguments` is JSON as it wrote it."""

    id: str
    name: str
    arguments: str

    @property
    def item(self) -> dict[str, Any]:
        """The call as it is handed back with its answer."""
        said = {"call_id": self.id, "name": self.name, "arguments": self.arguments}
        return {"type": "function_call", **said}


def message(body: dict[str, Any]) -> Message:
    """The message among reasoning, tool listings and calls, in whatever order they come."""
    items = [item for item in body.get("output") or [] if isinstance(item, dict)]
    parts = [
        part
        for item in items
        if item.get("type") == "message"
        for part in item.get("content") or []
        if isinstance(part, dict)
    ]
    refused = any(part.get("type") == "refusal" for part in parts)
    said = [str(part.get("text") or "") for part in parts if part.get("type") == "output_text"]
    complete = body.get("status", "completed") == "completed"
    return Message("".join(said).strip(), refused, complete)


def calls(body: dict[str, Any]) -> tuple[Call, ...]:
    """The tools that the model calls before it answers, in its order."""
    items = [item for item in body.get("output") or [] if isinstance(item, dict)]
    return tuple(
        Call(*(str(item.get(part) or "") for part in ("call_id", "name", "arguments")))
        for item in items
        if item.get("type") == "function_call"
    )


def tokens(body: dict[str, Any]) -> tuple[int, int]:
    """(input, output) tokens that are paid for; 0 where nothing was said of them."""
    usage = body.get("usage") or {}
    return _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))


def parsed(text: str) -> dict[str, Any] | str | None:
    """The parse ladder: a JSON object, else one found inside other words, else plain words.

    None where neither is there: what looks like code is never taken for words.
    """
    for candidate in (text, _FENCE.sub("", text), text[text.find("{") : text.rfind("}") + 1]):
        found = _object(candidate)
        if found is not None:
            return found
    return text if text and not _LOOKS_CODED.search(text) else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _count(number: object) -> int:
    return number if type(number) is int and 0 <= number < 10**9 else 0
