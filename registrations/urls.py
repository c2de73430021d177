"""Addresses of the registrations app; no trailing slashes (domain 3.1)."""

from django.urls import URLPattern, path, register_converter
from django.urls.converters import PathConverter, StringConverter

from registrations import api, offer_page, pages


class Anything(PathConverter):
    """Whatever comes, line breaks too: the door says what is wrong with it, not a page."""

    regex = r"[\s\S]+"


class Token(StringConverter):
    """The secret part of a link: whatever has no NUL, which PostgreSQL takes in no comparison."""

    regex = r"[^/\x00]+"


register_converter(Anything, "anything")
register_converter(Token, "token")
urlpatterns: list[URLPattern] = [
    path("", pages.home, name="home"),
    path("resume", pages.resume_link, name="resume-link"),
    path("resume/<token:token>", pages.resume, name="resume"),
    path("return/<token:token>", pages.come_back, name="come-back"),
    path("place/<token:token>", offer_page.place, name="place-offer"),
    path("privacy", pages.privacy, name="privacy"),
    path("manifest.webmanifest", pages.manifest, name="manifest"),
    path("chat", api.Chat.as_view(), name="chat"),
    path("chat/session", api.Session.as_view(), name="chat-session"),
    path("upload-async", api.UploadAsync.as_view(), name="upload-async"),
    path("upload", api.Upload.as_view(), name="upload"),
    path("upload-status/<anything:session_id>", api.UploadStatus.as_view(), name="upload-status"),
    path("clear", api.Clear.as_view(), name="clear"),
    path("health", api.Health.as_view(), name="health"),
    path("webhooks/twilio/status/<int:sms_id>", api.sms_status, name="sms-status"),
    path("webhooks/twilio/inbound", api.sms_inbound, name="sms-inbound"),
]
