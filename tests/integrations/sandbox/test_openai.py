"""The OpenAI stand-in, spoken to by the real SDK and by hand."""

import json

import openai
import pytest
import requests

from integrations.sandbox import faults

SCHEMA = {
    "type": "object",
    "properties": {"commands": {"type": "array", "items": {"type": "string"}}},
    "required": ["commands"],
    "additionalProperties": False,
}


@pytest.fixture
def client(sandbox) -> openai.OpenAI:
    """The vendor's own client."""
    key, url = sandbox.config.openai_api_key, f"{sandbox.url}/openai/v1"
    return openai.OpenAI(api_key=key, base_url=url, max_retries=0, timeout=5)


def post(sandbox, **body: object) -> requests.Response:
    """A request by hand, with what the SDK would not let through."""
    headers = {"Authorization": f"Bearer {sandbox.config.openai_api_key}"}
    given = {"model": "gpt-4.1", "input": "hello"} | body
    return requests.post(
        f"{sandbox.url}/openai/v1/responses", json=given, headers=headers, timeout=5
    )


def ask(client: openai.OpenAI, **question: object) -> openai.types.responses.Response:
    """A reading of an answer, as the platform asks for one."""
    form = {"type": "json_schema", "name": "reading", "schema": SCHEMA, "strict": True}
    return client.responses.create(
        model="gpt-4.1", input=json.dumps(question), text={"format": form}, store=False
    )


def test_the_real_sdk_reads_an_answer(client):
    answer = ask(
        client,
        step=1,
        asked="parent_name",
        fields={"child_name": "", "relationship": ""},
        answer="hiya I'm Ann Ashworth, Sam's mum, signing up Sam Ashworth please",
    )
    said = json.loads(answer.output_text)
    assert [(one["field"], one["text"]) for one in said["commands"]] == [
        ("parent_name", "Ann Ashworth"),
        ("child_name", "Sam Ashworth"),
        ("relationship", "mum"),
    ]
    assert (said["routine_number"], answer.status) == (1, "completed")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_the_models_are_listed_and_an_unknown_one_is_not_found(client):
    assert "gpt-4.1" in [one.id for one in client.models.list()]
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("gpt-99")
    assert refused.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"messages": []}, 400, "messages"),
        ({"response_format": {}}, 400, "response_format"),
        ({"max_tokens": 100}, 400, "max_tokens"),
        ({"input": []}, 400, "input"),
        ({"input": [{"role": "robot", "content": "x"}]}, 400, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, 400, None),
        ({"temperature": 3}, 400, "temperature"),
        ({"max_output_tokens": 1}, 400, "max_output_tokens"),
        ({"tools": [{"type": "function", "function": {"name": "x"}}]}, 400, "tools[0]"),
        ({"model": "gpt-99"}, 404, None),
    ],
)
def test_what_the_real_api_refuses_is_refused(sandbox, body, status, param):
    answer = post(sandbox, **body)
    assert answer.status_code == status
    assert param is None or answer.json()["error"]["param"] == param


@pytest.mark.parametrize("spoil", [{"required": []}, {"additionalProperties": True}])
def test_a_schema_that_is_not_strict_is_refused(sandbox, spoil):
    form = {"type": "json_schema", "name": "x", "schema": SCHEMA | spoil, "strict": True}
    answer = post(sandbox, text={"format": form})
    assert answer.json()["error"]["code"] == "invalid_json_schema"


def test_a_wrong_key_is_refused(sandbox):
    client = openai.OpenAI(api_key="sk-x", base_url=f"{sandbox.url}/openai/v1", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


@pytest.mark.parametrize(
    ("mode", "error", "code"),
    [
        ("rate_limited", openai.RateLimitError, "rate_limit_exceeded"),
        ("insufficient_quota", openai.RateLimitError, "insufficient_quota"),
        ("bad_key", openai.AuthenticationError, "invalid_api_key"),
        ("error_500", openai.InternalServerError, None),
        ("down", openai.APIConnectionError, None),
    ],
)
def test_trouble_has_the_vendors_own_form(sandbox, client, mode, error, code):
    faults.set_mode(sandbox.store, "openai", mode)
    with pytest.raises(error) as met:
        ask(client, asked="parent_name", answer="Ann Ashworth")
    assert met.value.code == code


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        ("refusal", ["message"]),
        ("tool_loop", ["function_call", "function_call"]),
        ("extra_items", ["reasoning", "mcp_list_tools", "message", "reasoning"]),
        ("no_words", []),
    ],
)
def test_odd_answers_hold_the_items_that_they_should(sandbox, client, mode, kinds):
    faults.set_mode(sandbox.store, "openai", mode, operation="responses.create")
    answer = ask(client, asked="parent_name", answer="I'm Ann Ashworth")
    assert [item.type for item in answer.output] == kinds
