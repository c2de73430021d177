"""The Content-Security-Policy of every answer (settings.CONTENT_SECURITY_POLICY)."""

from functools import cached_property

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponseBase


class ContentPolicy(CSPMiddleware):
    """django-csp's header; where an answer asks for no words of its own, they are built once."""

    @cached_property
    def words(self) -> str:
        """The policy as the settings have it."""
        return build_policy()

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Leave errors, and answers that a decorator of csp's marked, to django-csp."""
        marked = any(name.startswith("_csp") for name in (*vars(request), *vars(response)))
        if marked or response.status_code >= 400:
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.words)
        return response
