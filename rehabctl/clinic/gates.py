"""Gates between the phases of a protocol: their grammar, and what a patient's facts say of them.

    gate      = all([gate, ...]) | any([gate, ...]) | predicate
    predicate = name | name(argument, ...) | name op value | name(argument, ...) op value
    op        = >= | <= | > | < | ==

A gate never advances anything: it says met, not met, or which question a clinician has to answer,
each predicate with its evidence. A predicate without a fact (a hop test, an effusion grade) asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rehabctl.domain.errors import RehabctlError


class GateError(RehabctlError):
    """A gate is not written in the grammar."""

    def __init__(self, what: str, gate: str, at: int) -> None:
        super().__init__(
            f"gate {gate!r}, column {at + 1}: {what}",
            "See the gate grammar in docs/exercise-format.md",
        )
        self.at = at


class Joint(StrEnum):
    """How the parts of a gate belong together."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Predicate:
    """One condition, such as `rom(knee,flexion,active)>=90`."""

    name: str
    arguments: tuple[str, ...] = ()
    op: str = ""
    value: str = ""

    @property
    def text(self) -> str:
        """The canonical form: the key under which an answer to it is kept."""
        inner = ",".join(_quoted(argument) for argument in self.arguments)
        return f"{self.name}{f'({inner})' if inner else ''}{self.op}{self.value}"


@dataclass(frozen=True, slots=True)
class Group:
    """Several gates of which all, or any one, have to be met."""

    joint: Joint
    parts: tuple[Gate, ...]

    @property
    def text(self) -> str:
        """The canonical form."""
        return f"{self.joint.value}([{', '.join(part.text for part in self.parts)}])"


Gate = Predicate | Group


@dataclass(frozen=True, slots=True)
class Shape:
    """How a predicate is written."""

    arguments: tuple[int, int]
    """Fewest and most arguments."""
    ops: frozenset[str]
    """Empty: it stands without a comparison."""
    values: str
    """A regular expression of what it is compared with."""


_NUMBER = r"-?\d+(?:\.\d+)?"
_ORDER = frozenset({">=", "<=", ">", "<", "=="})
SHAPES: dict[str, Shape] = {
    "week": Shape((0, 0), _ORDER, _NUMBER),
    "rom": Shape((3, 3), _ORDER, _NUMBER),
    "extension_deficit_deg": Shape((2, 2), _ORDER, _NUMBER),
    "side_difference_deg": Shape((3, 3), _ORDER, _NUMBER),
    "pain": Shape((2, 2), _ORDER, _NUMBER),
    "sets_done": Shape((4, 4), frozenset(), ""),
    "lag_deg": Shape((0, 0), _ORDER, _NUMBER),
    "hold_s": Shape((0, 0), _ORDER, _NUMBER),
    "lsi": Shape((1, 1), _ORDER, _NUMBER),
    "test": Shape((1, 1), _ORDER, rf"{_NUMBER}|norm"),
    "test_change": Shape((1, 1), _ORDER, _NUMBER),
    "prom": Shape((1, 2), _ORDER, _NUMBER),
    "prom_change": Shape((1, 2), _ORDER, _NUMBER),
    "effusion": Shape((0, 0), _ORDER, r"none|trace|[123]\+"),
    "clinician_ok": Shape((0, 1), frozenset(), ""),
}
"""Every predicate. ROM and differences in degrees; `rom(joint,motion,active|passive)`;
`pain(max|mean,days)`; `sets_done(slug,sets,repetitions,sessions)`; a change counts improvement."""

_TOKEN = re.compile(
    r"""\s*(?: (?P<op>>=|<=|==|>|<)
             | (?P<mark>[()\[\],])
             | "(?P<quoted>[^"]*)"
             | (?P<word>[^\s()\[\],<>="]+) )""",
    re.VERBOSE,
)


def parse_gate(text: str) -> Gate:
    """Read a gate.

    Parameters
    ----------
    text
        The gate in the grammar of this module.

    Raises
    ------
    GateError
        The text is no gate; the message names the column.
    """
    return _Parser(text).parse()


def predicates(gate: Gate) -> Iterator[Predicate]:
    """Yield every predicate of a gate, in order.

    Parameters
    ----------
    gate
        The gate.
    """
    if isinstance(gate, Predicate):
        yield gate
    else:
        for part in gate.parts:
            yield from predicates(part)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split(text))
        self._at = 0

    def parse(self) -> Gate:
        gate = self._gate(depth=0)
        if self._at < len(self._tokens):
            raise self._error("something stands after the end of the gate")
        return gate

    def _split(self, text: str) -> Iterator[tuple[str, str, int]]:
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise GateError("an unexpected character", text, position)
            kind = match.lastgroup or ""
            yield kind, match[kind], match.start(kind)
            position = match.end()

    def _gate(self, depth: int) -> Gate:
        if depth > 20:
            raise self._error("too many brackets")
        kind, name, at = self._take("a condition")
        if kind != "word":
            raise GateError("a condition starts with its name", self._text, at)
        if name in (Joint.ALL, Joint.ANY):
            return Group(Joint(name), self._parts(depth))
        shape = SHAPES.get(name)
        if shape is None:
            known = ", ".join(SHAPES)
            raise GateError(f"unknown condition {name!r}; known: {known}", self._text, at)
        predicate = Predicate(name, self._arguments(), *self._comparison())
        self._check(predicate, shape, at)
        return predicate

    def _parts(self, depth: int) -> tuple[Gate, ...]:
        self._expect("(")
        self._expect("[")
        parts = [self._gate(depth + 1)]
        while self._next_is(","):
            if self._peek_is("]"):  # a comma after the last part, as lists over several lines have
                break
            parts.append(self._gate(depth + 1))
        self._expect("]")
        self._expect(")")
        return tuple(parts)

    def _arguments(self) -> tuple[str, ...]:
        if not self._next_is("("):
            return ()
        arguments: list[str] = []
        while True:
            kind, text, at = self._take("an argument")
            if kind not in ("word", "quoted") or not text.strip():
                raise GateError("an argument is a word or a text in quotes", self._text, at)
            arguments.append(text.strip())
            if not self._next_is(","):
                break
        self._expect(")")
        return tuple(arguments)

    def _comparison(self) -> tuple[str, str]:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != "op":
            return "", ""
        op = self._tokens[self._at][1]
        self._at += 1
        kind, value, at = self._take("a value")
        if kind != "word":
            raise GateError("a value is missing", self._text, at)
        return op, value

    def _check(self, predicate: Predicate, shape: Shape, at: int) -> None:
        name, count = predicate.name, len(predicate.arguments)
        fewest, most = shape.arguments
        if not fewest <= count <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise GateError(f"{name} takes {wanted} arguments, not {count}", self._text, at)
        if shape.ops and predicate.op not in shape.ops:
            raise GateError(f"{name} needs a comparison such as >=", self._text, at)
        if not shape.ops and predicate.op:
            raise GateError(f"{name} stands without a comparison", self._text, at)
        if shape.values and not re.fullmatch(shape.values, predicate.value):
            text = f"{name} cannot be compared with {predicate.value!r}"
            raise GateError(text, self._text, at)
        problem = _argument_problem(predicate)
        if problem:
            raise GateError(problem, self._text, at)

    def _take(self, wanted: str) -> tuple[str, str, int]:
        if self._at >= len(self._tokens):
            raise self._error(f"{wanted} is missing at the end")
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek_is(self, mark: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][:2] == ("mark", mark)

    def _next_is(self, mark: str) -> bool:
        found = self._peek_is(mark)
        self._at += found
        return found

    def _expect(self, mark: str) -> None:
        if not self._next_is(mark):
            raise self._error(f"{mark!r} is missing")

    def _error(self, what: str) -> GateError:
        ended = self._at >= len(self._tokens)
        return GateError(what, self._text, len(self._text) if ended else self._tokens[self._at][2])


def _argument_problem(predicate: Predicate) -> str:
    """Return what is wrong with the arguments of a predicate, or an empty text."""
    arguments = predicate.arguments
    if predicate.name in ("rom", "side_difference_deg", "extension_deficit_deg"):
        if arguments[-1] not in ("active", "passive"):
            return f"{predicate.name} ends with active or passive"
    elif predicate.name == "pain":
        if arguments[0] not in ("max", "mean") or not _whole(arguments[1]):
            return "pain takes max or mean, and a number of days"
    elif predicate.name == "sets_done" and not all(_whole(number) for number in arguments[1:]):
        return "sets_done takes a slug and three whole numbers above zero"
    return ""


def _whole(text: str) -> bool:
    return re.fullmatch(r"[1-9]\d{0,3}", text) is not None


def _quoted(argument: str) -> str:
    return argument if re.fullmatch(r'[^\s()\[\],<>="]+', argument) else f'"{argument}"'
