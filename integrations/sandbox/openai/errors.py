"""OpenAI's error envelope (wire/others 2)."""

from typing import Any


class Refusal(Exception):
    """A request that the API refuses; `body` is what it says."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        self.body: dict[str, Any] = {"error": error}


def unknown_parameter(name: str) -> Refusal:
    """A name that belongs to another endpoint, or to none."""
    message = f"Unknown parameter: '{name}'."
    return Refusal(400, message, code="unknown_parameter", param=name)


def invalid(param: str, message: str) -> Refusal:
    """A value of the wrong form."""
    return Refusal(400, f"Invalid '{param}': {message}", code="invalid_value", param=param)
