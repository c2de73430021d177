"""Takes our figure and the floor's in turns, so that a busy machine slows both alike."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

SOAK = bool(os.environ.get("SOAK"))
ROUNDS = 9 if SOAK else 3


@dataclass(frozen=True)
class Line:
    """One line of the report; `aim` bounds `ratio` (or the count in `ours`) from one side."""

    name: str
    measure: str
    unit: str
    ours: float
    floor: float
    ratio: float
    aim: str
    met: bool

    def as_json(self) -> dict[str, object]:
        """The line for bench.json."""
        return asdict(self)

    def as_text(self) -> str:
        """The line for the terminal."""
        figures = f"{self.ours:>10.4g} {self.floor:>10.4g} {self.ratio:>7.2f}"
        return f"{self.name:<4} {self.measure:<44} {figures}  {self.unit:<10} {self.aim:<7} " + (
            "met" if self.met else "MISSED"
        )


def at_most(name: str, measure: str, unit: str, ours: float, floor: float, aim: float) -> Line:
    """A cost: our figure may be `aim` times the floor's."""
    ratio = ours / floor
    return Line(name, measure, unit, ours, floor, ratio, f"<= {aim:g}", ratio <= aim)


def at_least(name: str, measure: str, unit: str, ours: float, floor: float, aim: float) -> Line:
    """A rate: ours must reach `aim` of the floor's."""
    ratio = ours / floor
    return Line(name, measure, unit, ours, floor, ratio, f">= {aim:g}", ratio >= aim)


def count(name: str, measure: str, ours: int, aim: int) -> Line:
    """A number of things, with no floor but the aim itself."""
    return Line(name, measure, "count", ours, aim, ours / max(aim, 1), f"<= {aim}", ours <= aim)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(ours: Callable[[], float], floor: Callable[[], float]) -> tuple[float, float]:
    """The medians of both, run in turns; each returns its own figure. The first round warms up."""
    pairs = [(ours(), floor()) for _ in range(ROUNDS + 1)][1:]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
