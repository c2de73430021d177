"""What reading with a language model cost: a row per answer of the model, without its words."""

from __future__ import annotations

from django.db import models

from registrations.models.chat import Draft


class ModelCall(models.Model):
    """One answer of a language model: what for, how many tokens, what came of it."""

    class Purpose(models.TextChoices):
        READING = "reading", "reading an answer"
        TEXTS = "texts", "a question about the club"
        PHOTO = "photo", "looking at a photo"

    class Outcome(models.TextChoices):
        READ = "read", "read"
        UNCLEAR = "unclear", "not understood"
        WRONG = "wrong", "did not fit"
        REFUSED = "refused", "refused to answer"
        CUT = "cut", "cut short"
        NO_FORM = "no_form", "not in the form"

    draft = models.ForeignKey(
        Draft, on_delete=models.SET_NULL, null=True, blank=True, related_name="model_calls"
    )
    purpose = models.CharField(max_length=10, choices=Purpose)
    step = models.PositiveSmallIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    model = models.CharField(max_length=80)
    input_tokens = models.PositiveIntegerField("tokens read")
    output_tokens = models.PositiveIntegerField("tokens written")
    microdollars = models.PositiveBigIntegerField("cost", help_text="millionths of a US dollar")
    milliseconds = models.PositiveIntegerField("time taken")
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, {self.at:%Y-%m-%d %H:%M}"

    @property
    def dollars(self) -> str:
        """$0.0012"""
        return as_dollars(self.microdollars)


def as_dollars(microdollars: int) -> str:
    """$0.0012 for 1234 millionths."""
    return f"${microdollars / 1_000_000:.4f}"
