"""Carries a fault out on a vendor's routes: before its view runs, or on the finished answer."""

import time
from collections.abc import Callable, Iterator, Sequence

from flask import Blueprint, Response, g, stream_with_context

from integrations.sandbox import faults
from integrations.sandbox.faults import Fault
from integrations.sandbox.store import Store

Form = Callable[[], Response]
_PAGE = (
    "<!doctype html><title>We'll be right back</title>"
    "<h1>We'll be right back</h1><p>Please try again in a few minutes.</p>"
)
_BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


def install(
    bp: Blueprint,
    store: Store,
    service: str,
    operations: Callable[[], Sequence[str]],
    forms: dict[str, Form],
) -> None:
    """Make the blueprint's routes fail as its switch says; call it before any other hook.

    `operations` names the present request; `forms` are the vendor's own answers by mode.
    """

    @bp.before_request
    def before() -> Response | None:
        g.fault = None
        fault = faults.take(store, service, operations())
        if fault is None:
            return None
        if fault.mode in ("down", "drop_before"):
            faults.drop_connection()
        if fault.mode == "slow_before":
            time.sleep(fault.seconds)
            return None
        if fault.mode == "error_502":
            return Response(_BAD_GATEWAY, 502, content_type="text/html")
        if fault.mode in forms:
            return forms[fault.mode]()
        g.fault = fault
        return None

    @bp.after_request
    def after(answer: Response) -> Response:
        fault: Fault | None = g.get("fault")
        return _spoilt(answer, fault, forms) if fault else answer


def _spoilt(answer: Response, fault: Fault, forms: dict[str, Form]) -> Response:
    """The answer after a fault that strikes when the work is done."""
    if fault.mode == "slow":
        time.sleep(fault.seconds)
    elif fault.mode == "drop_after":
        faults.shut_connection()
    elif fault.mode == "error_after":
        return forms["error_500"]()
    elif fault.mode == "truncated":
        return _cut(answer)
    elif fault.mode == "half_json":
        body = answer.get_data()
        answer.set_data(body[: len(body) // 2])
    elif fault.mode == "wrong_body":
        return Response(_PAGE, 200, content_type="text/html; charset=utf-8")
    return answer


def _cut(answer: Response) -> Response:
    """Half of the body, under the Content-Length of the whole; then the connection ends."""
    body = answer.get_data()

    def half() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        faults.shut_connection()

    # Which socket it is, the request knows.
    cut = Response(
        stream_with_context(half()), answer.status_code, content_type=answer.content_type
    )
    cut.headers["Content-Length"] = str(max(len(body), 1))
    return cut
