"""One row of every model, as the tests of the admin's pages make them."""

from tests.payments.test_admin_pages import boss, club

__all__ = ["boss", "club"]
