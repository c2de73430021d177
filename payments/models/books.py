"""GoCardless's side of the books: refunds, payouts with their fees, and where we differ."""

from __future__ import annotations

from django.db import models

from integrations.models import Due
from payments.models.collecting import Payment, Subscription
from registrations.models import Registration


class Refund(models.Model):
    """Money that went back to a payer through GoCardless."""

    # One that did not arrive gives nothing back (wire 4.4).
    BOUNCED = ("failed", "bounced", "funds_returned")

    gocardless_id = models.CharField(max_length=255, unique=True)
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="refunds")
    pence = models.PositiveIntegerField()
    status = models.CharField(max_length=40, blank=True)
    status_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"Refund {self.gocardless_id}"


class Payout(models.Model):
    """One transfer from GoCardless to the club's bank account."""

    gocardless_id = models.CharField(max_length=255, unique=True)
    pence = models.IntegerField(help_text="what reached the club")
    fees_pence = models.IntegerField(help_text="what GoCardless kept")
    arrives_on = models.DateField(null=True, blank=True)
    reference = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"Payout {self.gocardless_id}"


class PayoutItem(models.Model):
    """One line of a payout: a payment, a refund, a charge-back or a fee; tenths of a penny."""

    payout = models.ForeignKey(Payout, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=60)
    pence = models.DecimalField(max_digits=12, decimal_places=1, help_text="credit above zero")
    payment = models.ForeignKey(
        Payment, on_delete=models.SET_NULL, null=True, blank=True, related_name="payout_items"
    )
    payment_gocardless_id = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["payout", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["payout", "position"], name="one_line_per_payout_and_position"
            )
        ]

    def __str__(self) -> str:
        return f"Line {self.position} of payout {self.payout_id}"


class Reconciliation(models.Model):
    """One comparison of our books with GoCardless's."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    events = models.PositiveIntegerField("missed events taken in", default=0)
    mended = models.PositiveIntegerField("differences mended", default=0)
    open = models.PositiveIntegerField("differences left", default=0)
    not_asked = models.CharField(max_length=200, blank=True, help_text="what could not be read")

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"Reconciliation {self.pk}"


class ReconciliationDifference(models.Model):
    """Something on which GoCardless and we differ, as the last comparison saw it."""

    resource = models.CharField(max_length=40)
    gocardless_id = models.CharField(max_length=255)
    what = models.CharField(max_length=40)
    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, null=True, blank=True, related_name="differences"
    )
    ours = models.CharField(max_length=100, blank=True)
    theirs = models.CharField(max_length=100, blank=True)
    pence = models.IntegerField("theirs minus ours, in pence", default=0)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField("last seen")
    gone_at = models.DateTimeField("no longer so since", null=True, blank=True)

    class Meta:
        ordering = ["-found_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["resource", "gocardless_id", "what"],
                name="one_difference_per_thing_and_what",
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.gocardless_id}: {self.what}"


class Ending(Due):
    """A monthly collection to be ended at GoCardless, with the payments it has made already."""

    subscription = models.OneToOneField(
        Subscription, on_delete=models.CASCADE, related_name="ending"
    )
    reason = models.CharField(max_length=200)
    then_again = models.BooleanField(
        default=False, help_text="another collection begins when this one has ended"
    )
    asked_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["due_at"], name="ending_due", condition=models.Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"Ending of subscription {self.subscription_id}"
