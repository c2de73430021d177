"""The site's registration with Django."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SiteConfig(AppConfig):
    name = "utjfc"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Roles are made whenever the tables are."""
        post_migrate.connect(_give_roles, dispatch_uid="utjfc.roles")


def _give_roles(sender: AppConfig, using: str, **kwargs: object) -> None:
    # Models are not there yet when this module is imported.
    import_module("utjfc.roles").give(sender, using)
