"""The four outcomes of a call outside, besides success (design.md 3.3)."""


class OutsideError(Exception):
    """A call to a service did not simply succeed."""

    def __init__(self, service: str, message: str = "", *, code: str = "") -> None:
        self.service, self.message, self.code = service, message, code
        super().__init__(f"{service}: {message}" if message else service)


class Unavailable(OutsideError):
    """It did not happen: try later."""


class Uncertain(OutsideError):
    """It may have happened: look it up before repeating."""


class Rejected(OutsideError):
    """The service refuses this one: a person must look at the row."""


class Blocked(OutsideError):
    """Credentials, permission or quota: the whole service is held and staff are told once."""
