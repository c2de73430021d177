"""Who wants to play, and who is a player."""

from registrations.models.chat import ChatMessage, ChatSession, Draft, ShirtHold
from registrations.models.circulars import Circular, CircularRecipient
from registrations.models.consents import Consent
from registrations.models.imports import Import
from registrations.models.messages import Email, OptOut, Sms
from registrations.models.offers import PlaceOffer
from registrations.models.people import Address, Family, Guardian, Player
from registrations.models.photos import Photo, PhotoAdvice, PhotoBytes
from registrations.models.proofs import ContactCode, ResumeLink
from registrations.models.proposals import Proposal
from registrations.models.reading import ModelCall
from registrations.models.registrations import Registration
from registrations.models.resends import Resend, ResendRecipient
from registrations.models.retention import RetentionItem, RetentionRun
from registrations.models.returning import Invitation, ReturningVisit
from registrations.models.rollovers import PlannedTeam, ReturningPlace, Rollover
from registrations.models.seasons import Season, Team
from registrations.models.staff import TeamStaff, visible_to
from registrations.models.suspensions import Suspension
from registrations.models.texts import ClubText
from registrations.models.timeline import TimelineEntry, note
from registrations.models.visits import VisitCount

__all__ = [
    "Address",
    "ChatMessage",
    "ChatSession",
    "Circular",
    "CircularRecipient",
    "ClubText",
    "Consent",
    "ContactCode",
    "Draft",
    "Email",
    "Family",
    "Guardian",
    "Import",
    "Invitation",
    "ModelCall",
    "OptOut",
    "Photo",
    "PhotoAdvice",
    "PhotoBytes",
    "PlaceOffer",
    "PlannedTeam",
    "Player",
    "Proposal",
    "Registration",
    "Resend",
    "ResendRecipient",
    "ResumeLink",
    "RetentionItem",
    "RetentionRun",
    "ReturningPlace",
    "ReturningVisit",
    "Rollover",
    "Season",
    "ShirtHold",
    "Sms",
    "Suspension",
    "Team",
    "TeamStaff",
    "TimelineEntry",
    "VisitCount",
    "note",
    "visible_to",
]
