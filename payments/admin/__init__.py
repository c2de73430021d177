"""The office's view of what is asked for, collected and paid."""

from payments.admin import books, collecting, hand, registrations, siblings, treasurer

__all__ = ["books", "collecting", "hand", "registrations", "siblings", "treasurer"]
