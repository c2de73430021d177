"""Airtable's stand-in: the Web API of wire/airtable section 1, and grids for a person."""

from integrations.sandbox.airtable.control import blueprint as control_blueprint
from integrations.sandbox.airtable.grid import pages_blueprint
from integrations.sandbox.airtable.routes import blueprint

__all__ = ["blueprint", "control_blueprint", "pages_blueprint"]
