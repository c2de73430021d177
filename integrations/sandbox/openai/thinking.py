"""What the stand-in "thinks": it reads the question as it was put and answers in its schema."""

import base64
import io
import json
import re
from typing import Any

from PIL import Image, UnidentifiedImageError

from integrations.sandbox.openai import doors, reading
from integrations.sandbox.store import Store

TOOL = "club_texts"  # the one tool that it sees a use for
_STOP = set(
    "a an and any are at can do does for how i in is it my of on our s the there to".split()
)


def turn(
    asked: dict[str, Any], store: Store
) -> tuple[list[dict[str, Any]], dict[str, Any] | str | None]:
    """The items before the message, and what the message says; None where a tool comes first."""
    learnt = [str(item["output"]) for item in _items(asked, "function_call_output")]
    said = answer(asked, learnt)
    lost = isinstance(said, dict) and said.get("texts") == []
    before: list[dict[str, Any]] = []
    for tool in asked.get("tools") or []:
        if tool["type"] == "mcp":
            before += _visited(tool, store, _wanted(asked) if lost else "")
            if before[-1]["type"] == "mcp_approval_request":
                return before, None
        elif lost and not learnt and tool.get("name") == TOOL:
            call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": TOOL}
            return [call | {"arguments": _wanted(asked), "status": "completed"}], None
    found = [str(item["output"]) for item in before if item.get("output")]
    return before, answer(asked, found) if found else said


def _visited(tool: dict[str, Any], store: Store, arguments: str) -> list[dict[str, Any]]:
    visit = doors.Visit(tool, store)
    items = [visit.tools()]
    if arguments and TOOL in [each["name"] for each in items[0]["tools"]]:
        items.append(visit.use(TOOL, arguments, json.loads(arguments)))
    visit.leave()
    return items


def _items(asked: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    given = asked["input"]
    return [] if isinstance(given, str) else [item for item in given if item.get("type") == kind]


def _wanted(asked: dict[str, Any]) -> str:
    return json.dumps({"words": str(_question(asked["input"]).get("question", ""))[:200]})


def answer(asked: dict[str, Any], learnt: list[str]) -> dict[str, Any] | str:
    """An object of the schema that was sent, or plain words where none was.

    `learnt` is what tools have answered.
    """
    form = (asked.get("text") or {}).get("format") or {}
    name = form.get("name", "")
    if name == "photo":
        return _look(asked["input"])
    question = _question(asked["input"])
    if name == "reading":
        return reading.read(question)
    if name == "texts":
        return _choose(question, learnt)
    return "I am a stand-in and know only the questions that the platform asks."


def _question(given: Any) -> dict[str, Any]:
    """The JSON object in the last message; {} where it is something else."""
    said = [] if isinstance(given, str) else [item for item in given if item.get("role")]
    content = given if isinstance(given, str) else said[-1]["content"] if said else ""
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    try:
        found = json.loads(content or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _choose(question: dict[str, Any], learnt: list[str]) -> dict[str, Any]:
    """The text that shares most words with the question: of its title, or as far as it was read."""
    wanted = set(_stems(str(question.get("question", ""))))
    read = [text for output in learnt for text in json.loads(output).get("texts") or []]
    scored = [
        (len(wanted & set(_stems(f"{text['title']} {text.get('about', text.get('words'))}"))),
         place, text["number"])
        for place, text in enumerate(read or question.get("texts") or [])
    ]  # fmt: skip
    best = max(scored, default=(0, 0, 0))
    chosen = [best[2]] if best[0] else []
    return {"texts": chosen, "agent_final_response": "Thanks for asking!"}


def _stems(text: str) -> list[str]:
    words = re.findall(r"[a-z]+", text.lower())
    return [word.removesuffix("s")[:6] for word in words if word not in _STOP]


def _look(given: Any) -> dict[str, Any]:
    """An upright picture passes for a head-and-shoulders photo, a wide one does not."""
    parts = [part for item in given for part in item["content"] if isinstance(part, dict)]
    url = next((part["image_url"] for part in parts if part.get("type") == "input_image"), "")
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2])))
    except (ValueError, UnidentifiedImageError):
        return {"verdict": "unsure", "reason": ""}
    if picture.height >= picture.width:
        return {"verdict": "looks_right", "reason": ""}
    return {"verdict": "looks_wrong", "reason": "no_face"}
