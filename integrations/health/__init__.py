"""How the outside services and our own parts are, for staff."""

from integrations.health.credentials import masked
from integrations.health.report import report
from integrations.health.testing import TESTS, test_now

__all__ = ["TESTS", "masked", "report", "test_now"]
