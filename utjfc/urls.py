"""Addresses of the whole site; paths of the API have no trailing slash (domain 3.1)."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView

# The club's CDN may or may not strip the prefix /api, so both layouts are served.
_doors = [
    path("", include("registrations.urls")),
    path("", include("payments.urls")),
    path("", include("integrations.urls")),
]
_admin = [
    # Signing in and out, before the admin's own pages of these addresses.
    path("admin/", include("integrations.accounts.urls")),
    path("admin/", admin.site.urls),
    # Typed by hand without its slash; nothing is ever posted here.
    path("admin", RedirectView.as_view(pattern_name="admin:index", http_method_names=["get"])),
]
_schema = path("api/schema", SpectacularJSONAPIView.as_view(), name="schema")
urlpatterns = [*_doors, _schema, path("api/", include(_doors)), *_admin]

handler400 = "registrations.errors.bad_request"
handler403 = "registrations.errors.forbidden"
handler404 = "registrations.errors.not_found"
handler500 = "registrations.errors.broken"
