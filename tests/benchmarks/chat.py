"""B4: a scripted chat turn, its time and its queries."""

import json

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from integrations import clock
from registrations.models import ChatMessage, ChatSession
from tests import factories
from tests.benchmarks.measure import SOAK, Line, at_most, count, in_turns, seconds
from tests.journeys.first_light import PLAIN

SESSIONS = 8 if SOAK else 3
LAST = 28  # the summary: after it the work of paying begins
# The parent waits for the address search there: an outside service's time, not ours.
WAITS_OUTSIDE = {13, 19}
CLOSED = "http://127.0.0.1:9"


def run() -> list[Line]:
    """Two lines: the mean time of a turn, and the most queries of any."""
    with override_settings(GOOGLE_PLACES_URL=CLOSED):
        factories.team()
        times = in_turns(_turn, _floor)
        queries = max(_queries())
    return [
        at_most("B4", "a scripted chat turn", "ms", times[0] * 1000, times[1] * 1000, 3),
        count("B4", "the most queries of a scripted turn", queries, 8),
    ]


_numbers = iter(range(10**6))


class Conversation:
    """One session that answers whatever step the reply names."""

    def __init__(self) -> None:
        number = next(_numbers)
        self.client = Client(
            REMOTE_ADDR=f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
        )
        self.key = f"session-bench-{number}"
        self.step = 0
        self._left = {
            step: list(given) if isinstance(given, list) else [given]
            for step, given in PLAIN.answers.items()
        }

    def say(self, text: str) -> None:
        """One turn through the public door."""
        body = json.dumps({"user_message": text, "session_id": self.key})
        answer = self.client.post("/chat", body, content_type="application/json")
        assert answer.status_code == 200, answer.content
        self.step = answer.json().get("routine_number", 0)

    def next_answer(self) -> str:
        """What the script says at this step."""
        return self._left[self.step][0]


def _begun() -> Conversation:
    parent = Conversation()
    parent.say(factories.team().code_for_new_players)
    return parent


def _walk(turn) -> list:
    """What `turn(say)` gives for each scripted turn of a conversation."""
    parent, given = _begun(), []
    while parent.step != LAST:
        text, step = parent.next_answer(), parent.step
        if step in WAITS_OUTSIDE:
            parent.say(text)
        else:
            given.append(turn(lambda text=text: parent.say(text)))
        assert len(given) < 40, f"stuck at step {parent.step}"
    return given


def _turn() -> float:
    times = [time for _ in range(SESSIONS) for time in _walk(seconds)]
    return sum(times) / len(times)


def _queries() -> list[int]:
    def counted(say) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            say()
        return len([q for q in queries if not q["sql"].startswith(_NOT_QUERIES)])

    return _walk(counted)


# What opens and closes a transaction is not a query.
_NOT_QUERIES = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@override_settings(ROOT_URLCONF="tests.benchmarks.floors", MIDDLEWARE=[])
def _floor() -> float:
    client, now = Client(), clock.now()
    key = f"floor-{next(_numbers)}"
    session = ChatSession.objects.create(key=key, started_at=now, last_seen_at=now)
    body = json.dumps({"user_message": "Anna Ashworth", "session_id": key})
    turns = 25 * SESSIONS

    def talk() -> None:
        for _ in range(turns):
            answer = client.post("/turn", body, content_type="application/json")
            assert answer.status_code == 200

    taken = seconds(talk) / turns
    assert ChatMessage.objects.filter(session=session).count() == turns
    return taken
