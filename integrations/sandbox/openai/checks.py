"""What the Responses API refuses: foreign names, wrong forms, schemas that are not strict."""

from typing import Any

from integrations.sandbox.openai.errors import Refusal, invalid, unknown_parameter

PARAMETERS = {
    "background",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
    "user",
}
SERVER = {"type", "server_label", "server_url", "server_description", "headers", "allowed_tools",
          "require_approval", "authorization"}  # fmt: skip
ROLES = {"user", "assistant", "developer", "system"}
PARTS = {"input_text": "text", "input_image": "image_url", "output_text": "text"}


def check(body: Any, models: tuple[str, ...]) -> dict[str, Any]:
    """The request, if the real API would take it; raises Refusal otherwise."""
    if not isinstance(body, dict):
        raise Refusal(400, "We could not parse the JSON body of your request.")
    for name in body:
        if name not in PARAMETERS:
            raise unknown_parameter(name)
    if body.get("model") not in models:
        message = f"The model '{body.get('model')}' does not exist or you do not have access to it."
        raise Refusal(404, message, code="model_not_found")
    _check_numbers(body)
    if body.get("previous_response_id"):
        # Nothing is kept here, as nothing is kept of a response made with store=false.
        raise Refusal(400, "Previous response not found.", code="previous_response_not_found")
    _check_input(body.get("input"))
    for number, tool in enumerate(body.get("tools") or []):
        _check_tool(tool, f"tools[{number}]")
    _check_format(body.get("text") or {})
    return body


def _check_numbers(body: dict[str, Any]) -> None:
    temperature = body.get("temperature", 1)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float):
        raise invalid("temperature", "expected a decimal.")
    if not 0 <= temperature <= 2:
        raise invalid("temperature", "expected a decimal from 0 to 2.")
    most = body.get("max_output_tokens", 16)
    if type(most) is not int or most < 16:
        raise invalid("max_output_tokens", "expected an integer of at least 16.")


def _check_input(given: Any) -> None:
    if isinstance(given, str) and given:
        return
    if not isinstance(given, list) or not given:
        raise invalid("input", "expected a string or a list of items.")
    for number, item in enumerate(given):
        _check_item(item, f"input[{number}]")


def _check_item(item: Any, where: str) -> None:
    if not isinstance(item, dict):
        raise invalid(where, "expected an object.")
    if item.get("type", "message") != "message":
        return  # the output of a tool, or an item of an earlier answer
    if item.get("role") not in ROLES:
        raise invalid(f"{where}.role", "expected user, assistant, developer or system.")
    content = item.get("content")
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not all(map(_is_part, content)):
        raise invalid(f"{where}.content", "expected a string or a list of known parts.")


def _is_part(part: Any) -> bool:
    wanted = PARTS.get(part.get("type", "")) if isinstance(part, dict) else None
    return wanted is not None and isinstance(part.get(wanted), str)


def _check_tool(tool: Any, where: str) -> None:
    if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
        raise invalid(where, "expected an object with a type.")
    if tool["type"] == "function":
        if not isinstance(tool.get("name"), str):
            raise Refusal(400, f"Missing required parameter: '{where}.name'.", param=where)
        if tool.get("strict", True):
            check_strict(tool.get("parameters") or {}, where)
    if tool["type"] == "mcp":
        _check_server(tool, where)


def _check_server(tool: dict[str, Any], where: str) -> None:
    if not (tool.get("server_label") and tool.get("server_url")):
        raise Refusal(400, f"Missing required parameter: '{where}.server_url'.", param=where)
    for name in tool:
        if name not in SERVER:
            raise unknown_parameter(f"{where}.{name}")
    asks = tool.get("require_approval", "always")
    if asks not in ("always", "never") and not (
        isinstance(asks, dict) and set(asks) <= {"always", "never"} and asks
    ):
        raise invalid(f"{where}.require_approval", "expected always, never, or tools by name.")
    if not isinstance(tool.get("allowed_tools", []), list):
        raise invalid(f"{where}.allowed_tools", "expected a list of names.")


def _check_format(text: dict[str, Any]) -> None:
    form = text.get("format") or {"type": "text"}
    if form.get("type") not in ("text", "json_schema", "json_object"):
        raise invalid("text.format.type", "expected text, json_schema or json_object.")
    if form.get("type") != "json_schema":
        return
    if not form.get("name") or not isinstance(form.get("schema"), dict):
        raise Refusal(400, "Missing required parameter: 'text.format.schema'.", param="text.format")
    if form.get("strict"):
        check_strict(form["schema"], "text.format.schema")


def check_strict(schema: dict[str, Any], where: str) -> None:
    """Every property required, nothing additional, all the way down; raises Refusal."""
    if schema.get("type") == "object":
        names = list(schema.get("properties") or {})
        if schema.get("additionalProperties") is not False:
            raise _bad_schema(where, "'additionalProperties' is required to be false.")
        if sorted(schema.get("required") or []) != sorted(names):
            raise _bad_schema(where, "'required' must include every key in properties.")
        for name in names:
            check_strict(schema["properties"][name], f"{where}.{name}")
    if schema.get("type") == "array":
        check_strict(schema.get("items") or {}, f"{where}.items")


def _bad_schema(where: str, message: str) -> Refusal:
    return Refusal(400, f"Invalid schema: {message}", code="invalid_json_schema", param=where)
