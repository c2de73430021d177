"""Reads an Airtable formula into something that can be asked for a row's value.

A recursive-descent parser, no library: none for Python evaluates these formulas. The subset is
that of wire/airtable 1.3. Loosest first: comparison, `&`, `+ -`, `* /`, sign, then literals,
fields, calls and brackets.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.airtable import formula_values
from integrations.sandbox.airtable.formula_functions import FUNCTIONS
from integrations.sandbox.airtable.formula_values import FormulaError, Row

Node = Callable[[Row], Any]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?|\.\d+)
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<field>\{(?:[^}\\]|\\.)*\})
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark><=|>=|!=|[=<>&+\-*/(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_MAX_LENGTH = 100_000


class Unreadable(ValueError):
    """A text that is not a formula, or uses what the sandbox does not know."""


@dataclass(frozen=True)
class Formula:
    """A read formula: the fields that it names, and its value for a row."""

    fields: tuple[str, ...]
    node: Node

    def value(self, row: Row) -> Any:
        """The result for a row: None, text, number, bool, datetime or list; FormulaError."""
        try:
            return self.node(row)
        except (ArithmeticError, RecursionError, ValueError) as e:
            raise FormulaError(str(e)) from e

    def keeps(self, row: Row) -> bool:
        """Whether filterByFormula keeps the row: anything but 0, false, "", NaN, [] or an error."""
        try:
            return formula_values.truth(self.value(row))
        except FormulaError:
            return False


def parse(text: str) -> Formula:
    """Read a formula; raises Unreadable."""
    if len(text) > _MAX_LENGTH:
        raise Unreadable("too long")
    parser = _Parser(_tokens(text))
    try:
        node = parser.whole()
    except (RecursionError, ValueError) as e:
        # Nested too deeply, or a number too long for Python to read.
        raise Unreadable(str(e)) from e
    return Formula(tuple(dict.fromkeys(parser.fields)), node)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise Unreadable(f"unexpected at {at}")
        found.append((str(token.lastgroup), token.group(str(token.lastgroup))))
        at = token.end()
    return [*found, ("end", "")]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda m: _ESCAPES.get(m[1], m[1]), text)


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.fields: list[str] = []

    def whole(self) -> Node:
        node = self.comparison()
        self.expect("end", "")
        return node

    def take(self) -> tuple[str, str]:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def next_is(self, *marks: str) -> bool:
        kind, text = self.tokens[self.at]
        return kind == "mark" and text in marks

    def expect(self, kind: str, text: str) -> None:
        if self.tokens[self.at] != (kind, text):
            raise Unreadable(f"expected {text or kind}")
        self.at += 1

    def chain(self, marks: tuple[str, ...], tighter: Callable[[], Node]) -> Node:
        node = tighter()
        while self.next_is(*marks):
            operation = formula_values.OPERATORS[self.take()[1]]
            node = _applied(operation, node, tighter())
        return node

    def comparison(self) -> Node:
        return self.chain(("=", "!=", "<", "<=", ">", ">="), self.joined)

    def joined(self) -> Node:
        return self.chain(("&",), self.sum)

    def sum(self) -> Node:
        return self.chain(("+", "-"), self.product)

    def product(self) -> Node:
        return self.chain(("*", "/"), self.signed)

    def signed(self) -> Node:
        if self.next_is("-"):
            self.take()
            inner = self.signed()
            return lambda row: -formula_values.number(inner(row))
        return self.atom()

    def atom(self) -> Node:
        kind, text = self.take()
        if kind == "number":
            amount = float(text) if "." in text else int(text)
            return lambda row: amount
        if kind == "text":
            literal = _unescaped(text[1:-1])
            return lambda row: literal
        if kind == "field":
            return self.field(_unescaped(text[1:-1]))
        if kind == "name":
            return self.call(text) if self.next_is("(") else self.field(text)
        if (kind, text) == ("mark", "("):
            node = self.comparison()
            self.expect("mark", ")")
            return node
        raise Unreadable(f"unexpected {text or kind}")

    def field(self, name: str) -> Node:
        self.fields.append(name)

        def node(row: Row) -> Any:
            return row.value(name)

        # LAST_MODIFIED_TIME wants the field itself, not its value.
        node.field = name  # type: ignore[attr-defined]
        return node

    def call(self, name: str) -> Node:
        self.expect("mark", "(")
        arguments: list[Node] = []
        while not self.next_is(")"):
            arguments.append(self.comparison())
            if not self.next_is(")"):
                self.expect("mark", ",")
        self.expect("mark", ")")
        function = FUNCTIONS.get(name.upper())
        if function is None or not function.least <= len(arguments) <= function.most:
            raise Unreadable(f"unknown function {name} of {len(arguments)}")
        return lambda row: function.apply(row, arguments)


def _applied(operation: Callable[[Any, Any], Any], left: Node, right: Node) -> Node:
    return lambda row: operation(left(row), right(row))
