"""Twilio's refusals: a JSON body with its code (wire/gocardless_twilio 7.3)."""

from typing import Any


class Refusal(Exception):
    """A request that Twilio would refuse at once."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {
            "code": self.code,
            "message": self.message,
            "more_info": more,
            "status": self.status,
        }


def unauthenticated() -> Refusal:
    """Wrong or missing Basic credentials."""
    return Refusal(20003, "Authenticate", 401)


def not_found(path: str) -> Refusal:
    """A resource or route that is not there."""
    return Refusal(20404, f"The requested resource {path} was not found", 404)
