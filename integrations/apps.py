"""The app of other people's systems, and the admin site that stands in for Django's."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class IntegrationsConfig(AppConfig):
    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"
    default = True

    def ready(self) -> None:
        import_module("integrations.checks")  # registers the system checks
        import_module("integrations.accounts.signins").listen()


class OfficeConfig(admin_apps.AdminConfig):
    """Django's admin with the club's pages; INSTALLED_APPS names it instead of Django's."""

    default = False
    default_site = "integrations.office.pages.Office"
