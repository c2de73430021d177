"""The office's view of what is asked for, collected and paid."""

from payments.admin import collecting, registrations, siblings, treasurer

__all__ = ["collecting", "registrations", "siblings", "treasurer"]
