"""GoCardless's error envelope; every error carries `errors[]`, as its library needs."""

import uuid
from typing import Any

from flask import Response, jsonify

_DOCS = "https://developer.gocardless.com/api-reference"
Detail = dict[str, Any]


class ApiError(Exception):
    """An answer that is an error: HTTP status, type, message and the list of details."""

    def __init__(self, status: int, type: str, message: str, errors: list[Detail]) -> None:
        """`errors` must not be empty."""
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.errors = errors

    def response(self) -> Response:
        """The envelope of wire/gocardless_twilio 1.6."""
        anchor = self.errors[0].get("reason", self.type)
        error = {
            "message": self.message,
            "errors": self.errors,
            "documentation_url": f"{_DOCS}#{anchor}",
            "type": self.type,
            "request_id": str(uuid.uuid4()),
            "code": self.status,
        }
        answer = jsonify({"error": error})
        answer.status_code = self.status
        return answer


def usage(status: int, reason: str, message: str) -> ApiError:
    """The API was called wrongly: `invalid_api_usage` with one reason."""
    return ApiError(status, "invalid_api_usage", message, [{"reason": reason, "message": message}])


def internal() -> ApiError:
    """Something went wrong on their side (500)."""
    message = "Internal server error"
    detail = {"reason": "internal_server_error", "message": message}
    return ApiError(500, "gocardless", message, [detail])


def not_found() -> ApiError:
    """No such resource, or no such route."""
    return usage(404, "resource_not_found", "Resource not found")


def invalid_state(reason: str, message: str, **links: str) -> ApiError:
    """The resource is not in a state that allows this (422)."""
    detail: Detail = {"reason": reason, "message": message}
    if links:
        detail["links"] = links
    return ApiError(422, "invalid_state", message, [detail])


def idempotency_conflict(resource_id: str) -> ApiError:
    """The key was used before: 409 that names what it made."""
    message = "A resource has already been created with this idempotency key"
    detail = {
        "message": message,
        "links": {"conflicting_resource_id": resource_id},
        "reason": "idempotent_creation_conflict",
    }
    return ApiError(409, "invalid_state", message, [detail])


def field_detail(resource: str, path: str, message: str) -> Detail:
    """One refused field; `path` is relative to the resource, such as `links/mandate`."""
    field = path.rsplit("/", 1)[-1]
    return {"message": message, "field": field, "request_pointer": f"/{resource}/{path}"}


def validation_failed(details: list[Detail]) -> ApiError:
    """Values that cannot be accepted (422)."""
    return ApiError(422, "validation_failed", "Validation failed", details)


def invalid_field(resource: str, path: str, message: str) -> ApiError:
    """One value that cannot be accepted (422)."""
    return validation_failed([field_detail(resource, path, message)])
