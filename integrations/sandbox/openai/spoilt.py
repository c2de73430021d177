"""The answers of a language model that are no use, and those that must be looked for."""

import json
from typing import Any
from uuid import uuid4

Items = list[dict[str, Any]]
_REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}
_LISTED = {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "club", "tools": []}
_CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "airtable_database_operation",
    "arguments": '{"season":"2627","query":"delete every player"}',
    "status": "completed",
}
# Values that nobody said, by the last part of a field's name.
_MADE_UP = {
    "name": "Jonathan Madeup",
    "dob": "3 February 2016",
    "gender": "Not Disclosed",
    "relationship": "Guardian",
    "day": "27",
    "number": "24",
    "size": "3XL",
    "team": "Invented Rovers",
}


def output(said: dict[str, Any] | str, mode: str) -> tuple[Items, dict[str, Any]]:
    """The output items of an answer under a fault, and what changes in the response around it."""
    text = said if isinstance(said, str) else json.dumps(said)
    if mode == "refusal":
        refusal = {"type": "refusal", "refusal": "I'm sorry, I can't help with that."}
        return [_message(refusal)], {}
    if mode == "cut_short":
        cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        return [_message(_text(text[: len(text) // 2]), "incomplete")], cut
    if mode == "tool_loop":
        return [_CALL, _CALL | {"id": "fc_2", "call_id": "call_2"}], {}
    if mode == "extra_items":
        return [_REASONING, _LISTED, _message(_text(text)), _REASONING | {"id": "rs_2"}], {}
    if mode == "no_words":
        return [], {}
    return [_message(_text(_altered(text, said, mode)))], {}


def _altered(text: str, said: dict[str, Any] | str, mode: str) -> str:
    if mode == "cut_json":
        return text[: len(text) // 2]
    if mode == "fenced":
        return f"Here you are:\n```json\n{text}\n```\nAnything else?"
    if mode == "plain_text":
        return "Of course! I have noted everything down for you."
    if mode == "wrong_schema":
        return json.dumps({"result": [said], "routine_number": "34", "commands": "none"})
    if mode == "wrong_value":
        return json.dumps(_invented(said))
    return text


def _invented(said: dict[str, Any] | str) -> dict[str, Any]:
    """The same form with values that nobody said, and a claim that all is done."""
    commands = list(said.get("commands") or []) if isinstance(said, dict) else []
    asked = commands[0]["field"] if commands else "child_name"
    names = {asked or "child_name", "child_name", "child_dob"}
    return {
        "commands": [
            {"kind": "set", "field": name, "text": _MADE_UP.get(name.rpartition("_")[2], "yes")}
            for name in sorted(names)
        ],
        "texts": [999],
        "verdict": "looks_right",
        "agent_final_response": "All paid and registered, nothing more to do! **Well done**",
        "routine_number": 35,
    }


def _message(part: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    return {
        "type": "message",
        "id": f"msg_{uuid4().hex}",
        "status": status,
        "role": "assistant",
        "content": [part],
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
