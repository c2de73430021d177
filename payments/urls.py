"""Addresses of the payments app."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
