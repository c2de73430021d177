"""Addresses of the whole site; paths of the API have no trailing slash (domain 3.1)."""

from django.contrib import admin
from django.urls import include, path

# The club's CDN may or may not strip the prefix /api, so both layouts are served.
_doors = [
    path("", include("registrations.urls")),
    path("", include("payments.urls")),
    path("", include("integrations.urls")),
]
urlpatterns = [*_doors, path("api/", include(_doors)), path("admin/", admin.site.urls)]
