"""Families, the adults who sign for them, and the children who play."""

from __future__ import annotations

import uuid

import phonenumbers
from django.db import models
from phonenumber_field.modelfields import PhoneNumberField
from phonenumber_field.validators import validate_international_phonenumber

RESERVED_PREFIX = "+447700900"


def validate_mobile(value: object) -> None:
    """A valid number, or one of Ofcom's reserved 07700 900000 to 900999 (libraries.md 3)."""
    text = str(getattr(value, "as_e164", value))
    if text.startswith(RESERVED_PREFIX) and len(text) == len(RESERVED_PREFIX) + 3:
        return
    validate_international_phonenumber(value)


class MobileField(PhoneNumberField):
    """An E.164 phone number that also takes the numbers reserved for tests."""

    default_validators = [validate_mobile]


class Address(models.Model):
    """An address as typed and as found; mixed into whoever lives there."""

    house_number = models.CharField("house number or name", max_length=20, blank=True)
    address_line_1 = models.CharField(max_length=100, blank=True)
    town = models.CharField(max_length=50, blank=True)
    city = models.CharField(max_length=50, blank=True)
    postcode = models.CharField(max_length=8, blank=True)
    full_address = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


class Family(models.Model):
    """The people who belong together; made when the first of their children registers."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "families"
        ordering = ["-created_at"]
        permissions = [
            ("export_family", "Can make a file of all that is kept about a family"),
            ("erase_family", "Can erase a family"),
        ]

    def __str__(self) -> str:
        return f"Family {str(self.reference)[:8]}"


class Guardian(Address):
    """An adult of a family."""

    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="guardians")
    first_name = models.CharField(max_length=50)
    last_name = models.CharField(max_length=50)
    phone = MobileField(blank=True, db_index=True)
    email = models.EmailField(max_length=254, blank=True, db_index=True)
    dob = models.DateField("date of birth", null=True, blank=True)
    phone_proven_at = models.DateTimeField(null=True, blank=True, editable=False)
    email_proven_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"Guardian {self.pk}"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Player(Address):
    """A child who plays or wants to."""

    class Gender(models.TextChoices):
        MALE = "Male", "Male"
        FEMALE = "Female", "Female"
        NOT_DISCLOSED = "Not Disclosed", "Not Disclosed"

    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="players")
    first_name = models.CharField(max_length=50)
    last_name = models.CharField(max_length=50)
    dob = models.DateField("date of birth")
    gender = models.CharField(max_length=20, choices=Gender)
    phone = MobileField(blank=True)
    email = models.EmailField(max_length=254, blank=True)
    lives_with_guardian = models.BooleanField(default=True)
    fan = models.CharField("FAN (FA number)", max_length=20, blank=True)
    identity_seen_by = models.CharField(max_length=100, blank=True)
    identity_seen_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["last_name", "first_name"]

    def __str__(self) -> str:
        return f"Player {self.pk}"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


def national(number: object) -> str:
    """07700900123 for +447700900123, as the club's base writes it; "" for none."""
    text = str(getattr(number, "as_e164", number) or "")
    if not text:
        return ""
    parsed = phonenumbers.parse(text, None)
    return f"0{parsed.national_number}"
