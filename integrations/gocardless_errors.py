"""What GoCardless's client raises, as our four outcomes (wire/gocardless_twilio 1.6)."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from gocardless_pro import errors

from integrations import guard
from integrations.errors import Blocked, OutsideError, Rejected, Unavailable, Uncertain
from integrations.transport import never_sent

SERVICE = "gocardless"
PENALTY = 20  # seconds; the vendor's limit is counted by the minute


@contextmanager
def translated(creating: bool, forbidden: type[OutsideError] = Blocked) -> Iterator[None]:
    """Turn what GoCardless's client raises into one of the four outcomes.

    `creating`: a lost answer may mean that the thing was made. `forbidden`: what a missing
    permission means; Rejected where it says nothing of the other calls.
    """
    lost = Uncertain if creating else Unavailable
    try:
        yield
    except (errors.AuthenticationError, errors.PermissionsError) as error:
        kind = forbidden if isinstance(error, errors.PermissionsError) else Blocked
        raise kind(SERVICE, error.message or "refused", code=_code(error)) from error
    except errors.RateLimitError as error:
        guard.penalise(SERVICE, PENALTY)
        raise Unavailable(SERVICE, "too many requests", code=_code(error)) from error
    except errors.GoCardlessInternalError as error:
        raise lost(SERVICE, "an error on their side", code=_code(error)) from error
    except errors.ApiError as error:
        raise _refusal(error, lost) from error
    except requests.RequestException as error:
        kind = Unavailable if never_sent(error) else lost
        raise kind(SERVICE, type(error).__name__, code=type(error).__name__) from error
    except errors.MalformedResponseError as error:
        raise lost(SERVICE, f"not JSON, HTTP {error.status_code}", code="malformed") from error
    except (errors.GoCardlessProError, KeyError, TypeError, AttributeError) as error:
        # The client itself stumbles over some error bodies (wire/gocardless_twilio 1.6).
        raise lost(SERVICE, "an answer that cannot be read", code=type(error).__name__) from error


def _refusal(error: errors.ApiError, lost: type[OutsideError]) -> OutsideError:
    if error.type is None and int(error.code or 0) >= 500:
        return lost(SERVICE, "an error on their side", code=str(error.code))
    fields = [str(each.get("field") or each.get("reason") or "") for each in error.errors or []]
    message = f"{error.message or 'refused'} {' '.join(fields)}".strip()
    return Rejected(SERVICE, message, code=_code(error))


def _code(error: errors.ApiError) -> str:
    reasons = [each.get("reason") for each in error.errors or [] if isinstance(each, dict)]
    return next((str(reason) for reason in reasons if reason), str(error.type or error.code or ""))
