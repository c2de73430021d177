"""What the club says of itself: texts that staff edit, and the chat answers questions from."""

from __future__ import annotations

from django.db import models


class ClubText(models.Model):
    """One subject: fees, training, contacts, how to get a code."""

    title = models.CharField(max_length=100, unique=True, help_text="such as “What it costs”")
    words = models.TextField(
        max_length=1500,
        help_text="What the chat answers, with **bold** and lists if you like. These are filled "
        "in from the season that is open: {fee} {monthly} {months} {season} {code} {email}",
    )
    keywords = models.CharField(
        max_length=300,
        blank=True,
        help_text="other words that parents use for it, such as: price, subs, how much",
    )
    shown = models.BooleanField("used by the chat", default=True)

    class Meta:
        ordering = ["title"]
        verbose_name = "text about the club"
        verbose_name_plural = "texts about the club"

    def __str__(self) -> str:
        return self.title
