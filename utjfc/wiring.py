"""Who implements what: the few ways up (style.md 4). `utjfc.settings` takes all of it over."""

from utjfc.teams import NOBODYS_TEAM as NOBODYS_TEAM
from utjfc.teams import TEAM_OF as TEAM_OF

PAYMENT_DESK = "payments.desk.Desk"
WEBHOOK_HANDLERS = {"gocardless": "payments.webhooks.Handler"}
# What is sent to Airtable, by kind of object; and, where it is edited there too, how it is taken.
AIRTABLE_ROWS = {
    "registration": "registrations.airtable.registration_row",
    "team": "registrations.airtable_tables.team_row",
    "suspension": "registrations.airtable_tables.suspension_row",
}
AIRTABLE_TABLES = {
    "team": "registrations.airtable_tables.TeamTable",
    "registration": "registrations.airtable_tables.RegistrationTable",
    "suspension": "registrations.airtable_tables.SuspensionTable",
}
AIRTABLE_PARTS = {"registration": ["payments.airtable.registration_fields"]}
# Who may see which rows (utjfc/teams.py says by which path).
VISIBLE_TO = "registrations.models.visible_to"
# The relation whose row's story tells what was done to a row of its own (integrations.audit).
AUDIT_STORY = "registration"
# What ends, besides their login, when staff leave: functions that take the user and say in words
# what they ended (integrations.accounts.leaving).
WHEN_STAFF_LEAVE = ["registrations.actions.staff.leave_teams", "integrations.agents.tokens.leave"]
# What apps above erase of registrations (their ids, the depth): registrations.actions.erasing.
ERASERS = ["payments.actions.erasing.erase"]
# Which service the rows of each queue wait for (integrations.health).
DUE_SERVICES = {
    "integrations.WebhookEvent": "gocardless",
    "integrations.AirtableRow": "airtable",
    "integrations.PasswordReset": "mail",
    "integrations.StaffMail": "mail",
    "registrations.Sms": "twilio",
    "registrations.Email": "mail",
    "registrations.ResumeLink": "mail",
    "registrations.ContactCode": "twilio",
    "registrations.Photo": "s3",
    "registrations.PhotoAdvice": "openai",
    "registrations.RetentionItem": "s3",
    "registrations.Rollover": "airtable",
    "registrations.ReturningVisit": "twilio",
    "payments.BillingRequest": "gocardless",
    "payments.Subscription": "gocardless",
    "payments.Payment": "gocardless",
    "payments.MonthlyPrice": "gocardless",
    "payments.Ending": "gocardless",
    "payments.PaymentOrder": "gocardless",
}
# What agents may call (docs/agents.md), in the order in which it is offered.
AGENT_TOOLS = [
    "registrations.agents.reading.TOOLS",
    "registrations.agents.asking.TOOLS",
    "payments.agents.TOOLS",
    "registrations.agents.lookups.TOOLS",
    "registrations.agents.writing.TOOLS",
]
