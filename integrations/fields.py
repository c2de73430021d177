"""Database fields that encrypt what they hold and let the reserved test numbers through."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models


class Undecryptable(Exception):
    """No configured key opens this value: a key was lost or removed too early."""


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def box() -> MultiFernet:
    """The keys of settings.FIELD_KEYS, newest first; older ones still open old values."""
    return _box(tuple(settings.FIELD_KEYS))


class Sealed(str):
    """A value that is encrypted already, out of a backup: it is written as it is."""


class EncryptedTextField(models.TextField):
    """Text encrypted at rest; it cannot be searched. Empty stays empty."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if isinstance(value, Sealed):
            return str(value)
        return box().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if not value:
            return value
        try:
            return box().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise Undecryptable(f"no key opens {self.model.__name__}.{self.name}") from error

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted and cannot be searched")
        return super().get_lookup(lookup_name)
