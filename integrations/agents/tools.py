"""Tools that agents may call: what each takes, who may, and what is written down of every call.

An app offers its own as a list `TOOLS`; settings.AGENT_TOOLS names the lists. The same tools serve
the door (server.py) and whoever runs them in this program.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError as Impossible
from django.http import HttpRequest
from django.utils.module_loading import import_string
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from integrations import audit, clock
from integrations.agents.models import AgentCall, AgentToken
from integrations.errors import OutsideError

log = logging.getLogger(__name__)
Outcome = AgentCall.Outcome
Answer = dict[str, Any]

FAILED = "Something went wrong here, and it is written down. Nothing was changed."


def storable(text: str) -> str:
    """Refuses what no text is."""
    # PostgreSQL keeps no NUL, and half a surrogate pair is no text.
    if any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("this is not plain text")
    return text


Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Text = Annotated[str, Field(max_length=100), AfterValidator(storable)]
Words = Annotated[str, Field(min_length=3, max_length=200), AfterValidator(storable)]


class Arguments(BaseModel):
    """What a tool takes; what is not named is refused. `told` are fit to be written down."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    told: ClassVar[frozenset[str]] = frozenset()


class Writing(Arguments):
    """What a tool takes that changes something: nothing happens unless it is asked for."""

    dry_run: bool = Field(
        default=True, description="true (the default): only say what would happen; false: do it"
    )


class Refusal(Exception):
    """The call is answered with these words and nothing else."""

    outcome = Outcome.NOT_POSSIBLE


class NotAllowed(Refusal):
    """The token or its user may not do this."""

    outcome = Outcome.REFUSED


class NotFound(Refusal):
    """There is no such row among those that the user may know of: a guess learns nothing else."""

    outcome = Outcome.NOT_FOUND


@dataclass(frozen=True)
class Caller:
    """For whom an agent acts, and what of that person's rights it was given.

    Nobody's agent (AnonymousUser) is the assistant of the chat: it may what anybody may.
    """

    user: User | AnonymousUser
    may_write: bool = False
    token: AgentToken | None = None

    @property
    def name(self) -> str:
        """How timelines and audits name the agent."""
        return f"agent for {self.user.get_username() or 'the chat'}"[:150]

    @property
    def request(self) -> HttpRequest:
        """A request of this user, for what the office decides by request."""
        request = HttpRequest()
        request.user = self.user
        return request

    def may(self, *permissions: str) -> bool:
        """Whether the person holds every one of these."""
        return self.user.has_perms(permissions)


@dataclass(frozen=True)
class Tool:
    """One tool: `needs` are the permissions without which it is neither offered nor run."""

    name: str
    takes: type[Arguments]
    does: str
    run: Callable[[Caller, Any], Answer]
    needs: tuple[str, ...] = ()
    # Says nothing about anybody: fit for a conversation with somebody who has not proved who it is.
    public: bool = False
    schema: dict[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", self.takes.model_json_schema())

    @property
    def writes(self) -> bool:
        """Whether it can change anything."""
        return issubclass(self.takes, Writing)

    def refused(self, caller: Caller) -> str:
        """Why this caller may not use it; "" where they may."""
        if self.writes and not caller.may_write:
            return "This token may only read: ask for one with the write scope."
        return "" if caller.may(*self.needs) else "The person behind this token may not do that."


@dataclass(frozen=True)
class Result:
    """How a call ended: an answer, or words for the agent."""

    outcome: Outcome
    answer: Answer = field(default_factory=dict)
    words: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return not self.words


@lru_cache(maxsize=1)
def all_tools() -> dict[str, Tool]:
    """Every tool by name, in the order in which settings.AGENT_TOOLS lists them."""
    return {tool.name: tool for path in settings.AGENT_TOOLS for tool in import_string(path)}


def offered(caller: Caller) -> list[Tool]:
    """The tools that this caller may use."""
    return [tool for tool in all_tools().values() if not tool.refused(caller)]


def call(caller: Caller, name: str, arguments: dict[str, Any]) -> Result:
    """Run a tool for a caller and write the call down; KeyError where there is no such tool."""
    tool = all_tools()[name]
    started = time.monotonic()
    # Written down first: a call in whose middle the power fails is there all the same.
    row = AgentCall.objects.create(
        token=caller.token,
        by=caller.name,
        tool=tool.name,
        outcome=Outcome.FAILED,
        at=clock.now(),
    )
    result, kept = _run(tool, caller, arguments)
    milliseconds = int((time.monotonic() - started) * 1000)
    ended = {"outcome": result.outcome, "arguments": kept, "milliseconds": milliseconds}
    AgentCall.objects.filter(pk=row.pk).update(**ended)
    if result.outcome == Outcome.DONE:
        audit.record(audit.AuditEntry.Verb.DID, None, f"called {tool.name}", by=caller.name)
    return result


def _run(tool: Tool, caller: Caller, arguments: dict[str, Any]) -> tuple[Result, dict[str, Any]]:
    if refused := tool.refused(caller):
        return Result(Outcome.REFUSED, words=refused), {}
    try:
        given = tool.takes.model_validate(arguments)
    except ValidationError as error:
        return Result(Outcome.INVALID, words=_in_words(error)), {}
    kept = _kept(given)
    try:
        answer = tool.run(caller, given)
    except Refusal as error:
        return Result(error.outcome, words=str(error)), kept
    except Impossible as error:
        return Result(Outcome.NOT_POSSIBLE, words=" ".join(error.messages)), kept
    except OutsideError:
        words = "A service outside does not answer just now. Nothing was changed."
        return Result(Outcome.NOT_POSSIBLE, words=words), kept
    except Exception:  # whatever it is, the agent gets a sentence and the log gets the rest
        log.exception("the tool %s failed", tool.name)
        return Result(Outcome.FAILED, words=FAILED), kept
    return Result(_outcome(given), answer), kept


def _outcome(given: Arguments) -> Outcome:
    if not isinstance(given, Writing):
        return Outcome.READ
    return Outcome.DRY_RUN if given.dry_run else Outcome.DONE


def _kept(given: Arguments) -> dict[str, Any]:
    """The arguments fit to be kept: numbers, yes and no, and what the tool says is fit."""
    shown = given.model_dump(mode="json", exclude_unset=True)
    return {
        name: value
        if name in given.told or not isinstance(value, str)
        else f"({len(value)} characters)"
        for name, value in shown.items()
    }


def _in_words(error: ValidationError) -> str:
    """What is wrong with the arguments, field by field, without repeating their values."""
    wrong = [
        f"{'.'.join(str(part) for part in each['loc'])[:60] or 'arguments'}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return f"The arguments were not understood. {'; '.join(wrong[:10])}."
