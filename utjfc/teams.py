"""By which path each kind of row belongs to a team: who may see which rows follows from it.

A kind that is in neither table is seen only by those who may see every team.
"""

NOBODYS_TEAM = ["registrations.Season"]
TEAM_OF = {
    "registrations.Team": "pk",
    "registrations.Registration": "team",
    "registrations.Player": "registrations__team",
    "registrations.Guardian": "registrations__team",
    "registrations.Family": "players__registrations__team",
    "registrations.Suspension": "registration__team",
    "registrations.Photo": "registration__team",
    "registrations.Sms": "registration__team",
    "registrations.Email": "registration__team",
    "registrations.Draft": "team",
    "registrations.Proposal": "team",
    "payments.Payment": "registration__team",
    "payments.BillingRequest": "registration__team",
    "payments.Subscription": "registration__team",
    "payments.MonthlyCharge": "registration__team",
}
