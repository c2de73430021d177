"""How each vendor words its own trouble: 429 and 5xx (wire/airtable 1.9, gocardless_twilio 1.6)."""

from flask import Response, jsonify, request

from integrations.sandbox.airtable import errors as airtable_errors
from integrations.sandbox.airtable import limits as airtable_limits
from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.failing import Form
from integrations.sandbox.gocardless import errors as gocardless_errors
from integrations.sandbox.gocardless import limits as gocardless_limits
from integrations.sandbox.store import Store
from integrations.sandbox.twilio import errors as twilio_errors

RETRY_AFTER = "1"


def _forms(limited: Form, error_500: Form, error_503: Form) -> dict[str, Form]:
    def with_retry_after() -> Response:
        answer = error_503()
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer

    return {
        "rate_limited": limited,
        "error_500": error_500,
        "error_503": error_503,
        "error_503_retry_after": with_retry_after,
    }


def gocardless(store: Store) -> dict[str, Form]:
    """429 and 500 in the envelope; 503 is a proxy's page, as its 502 is."""

    def limited() -> Response:
        error = gocardless_errors.usage(429, "rate_limit_exceeded", "Rate limit exceeded")
        answer = error.response()
        answer.headers.update(gocardless_limits.headers(store) | {"RateLimit-Remaining": "0"})
        return answer

    return _forms(limited, lambda: gocardless_errors.internal().response(), _unavailable_page)


def _unavailable_page() -> Response:
    page = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>"
    return Response(page, 503, content_type="text/html")


def airtable(store: Store, config: SandboxConfig) -> dict[str, Form]:
    """Both bodies of a 429, which begins the penalty, and the spent quota, which does not."""

    def limited() -> Response:
        _begin_penalty()
        return _airtable(airtable_errors.rate_limited())

    def limited_in_a_list() -> Response:
        _begin_penalty()
        return _airtable(airtable_errors.rate_limited_in_a_list())

    def _begin_penalty() -> None:
        airtable_limits.penalise(store, config.airtable_base_id, config.airtable_penalty_seconds)

    return _forms(
        limited,
        lambda: _airtable(airtable_errors.server_error()),
        lambda: _airtable(airtable_errors.unavailable()),
    ) | {
        "rate_limited_errors": limited_in_a_list,
        "quota": lambda: _airtable(airtable_errors.quota_spent()),
        "iterator_expired": lambda: _airtable(airtable_errors.iterator_gone()),
    }


def _airtable(refusal: airtable_errors.Refusal) -> Response:
    answer = jsonify(refusal.body)
    answer.status_code = refusal.status
    return answer


def twilio() -> dict[str, Form]:
    """Codes 20429, 20500 and 20503."""

    def form(code: int, message: str, status: int) -> Form:
        def answered() -> Response:
            refusal = twilio_errors.Refusal(code, message, status)
            answer = jsonify(refusal.body)
            answer.status_code = status
            return answer

        return answered

    return _forms(
        form(20429, "Too Many Requests", 429),
        form(20500, "An internal server error has occurred", 500),
        form(20503, "Service is unavailable. Please try again", 503),
    )


def openai() -> dict[str, Form]:
    """Both kinds of 429: one that waiting helps, one that it does not (wire/others 2)."""

    def form(status: int, kind: str, code: str | None, message: str) -> Form:
        def answered() -> Response:
            error = {"message": message, "type": kind, "param": None, "code": code}
            answer = jsonify({"error": error})
            answer.status_code = status
            return answer

        return answered

    quota = "You exceeded your current quota, please check your plan and billing details."
    return _forms(
        form(429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."),
        form(500, "server_error", None, "The server had an error while processing your request."),
        form(503, "server_error", None, "The engine is currently overloaded."),
    ) | {
        "insufficient_quota": form(429, "insufficient_quota", "insufficient_quota", quota),
        "bad_key": form(
            401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."
        ),
    }


def places() -> dict[str, Form]:
    """Google's own status names; the legacy API says it all with a 200 (wire/others 1)."""

    def form(code: int, status: str, legacy: str, message: str) -> Form:
        def answered() -> Response:
            if "/maps/api/" in request.path:
                return jsonify({"status": legacy, "results": [], "error_message": message})
            error = {"code": code, "message": message, "status": status}
            answer = jsonify({"error": error})
            answer.status_code = code
            return answer

        return answered

    return _forms(
        form(
            429,
            "RESOURCE_EXHAUSTED",
            "OVER_QUERY_LIMIT",
            "Quota exceeded for quota metric 'SearchTextRequest'.",
        ),
        form(500, "INTERNAL", "UNKNOWN_ERROR", "Internal error encountered."),
        form(503, "UNAVAILABLE", "UNKNOWN_ERROR", "The service is currently unavailable."),
    )
