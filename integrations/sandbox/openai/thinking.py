"""What the stand-in "thinks": it reads the question as it was put and answers in its schema."""

import base64
import io
import json
import re
from typing import Any

from PIL import Image, UnidentifiedImageError

from integrations.sandbox.openai import reading

_STOP = set(
    "a an and any are at can do does for how i in is it my of on our s the there to".split()
)


def answer(asked: dict[str, Any]) -> dict[str, Any] | str:
    """An object of the schema that was sent, or plain words where none was."""
    form = (asked.get("text") or {}).get("format") or {}
    name = form.get("name", "")
    if name == "photo":
        return _look(asked["input"])
    question = _question(asked["input"])
    if name == "reading":
        return reading.read(question)
    if name == "texts":
        return _choose(question)
    return "I am a stand-in and know only the questions that the platform asks."


def _question(given: Any) -> dict[str, Any]:
    """The JSON object in the last message; {} where it is something else."""
    content = given if isinstance(given, str) else given[-1].get("content")
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    try:
        found = json.loads(content or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _choose(question: dict[str, Any]) -> dict[str, Any]:
    """The text whose title and words share most with the question."""
    wanted = set(_stems(str(question.get("question", ""))))
    scored = [
        (len(wanted & set(_stems(f"{text['title']} {text['about']}"))), text["number"])
        for text in question.get("texts") or []
    ]
    best = max(scored, default=(0, 0))
    chosen = [best[1]] if best[0] else []
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
