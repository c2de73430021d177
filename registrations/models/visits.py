"""Who asks how often: one row an address, for a minute or two (registrations.limits)."""

from django.db import models


class VisitCount(models.Model):
    """What an address asked for in its latest minute; `key` is what it asked for and who."""

    key = models.CharField(max_length=100, primary_key=True)
    minute = models.BigIntegerField(db_index=True)
    asked = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"Asked {self.asked} times"
