"""No pattern takes much longer for a text that is twice as long, whatever the text is.

Python's own matcher cannot be asked for its steps. So a small one, which tries the same ways in the same order, counts
the characters that it compares.
"""

import ast
import importlib
import pkgutil
import re
import re._constants as op  # type: ignore[import-not-found]  # no stubs
import re._parser as parser  # type: ignore[import-not-found]  # no stubs
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import petition

SHORT = 40  # repetitions in the shorter text; the longer one has twice as many
MAX_STEPS = 100_000  # a pattern that needs more for a hundred characters has exponential cost
# Patterns that read files of our own or of the server only, never what somebody sent.
OWN_FILES = {
    r"\+\+\+\n(.*?)\n\+\+\+\n(.*)",  # the head of a text of the campaign
    "&([^<=]+)([^&]+)",  # CLDR's rules of an alphabet
    "(<+|=)([^<=/]+)/?([^<=]*)",  # the same
    '^(\\w+) = "PLACEHOLDER .*"$',  # the shipped campaign
    "<style>.*?</style>",  # the map that is part of the project
    "<style>(.*?)</style>",
    r'\b(href|src)="(/[^"]*)"',  # pages of the mirror
    r"^( *)(listen 443 ssl.*)$",  # the shipped file for nginx
    r"^( *listen .*443 ssl) http2",
    r"^[^#]*\b(drop|reject|include)\b",  # files in /etc of the operator's own server
    r'^\s*APT::Periodic::Unattended-Upgrade\s+"(\w+)"',
}
Sequence = list[tuple[Any, Any]]


def _modules() -> list[str]:
    return [m.name for m in pkgutil.walk_packages(petition.__path__, "petition.") if not m.name.endswith("__main__")]


def _patterns() -> Iterator[tuple[str | bytes, bool]]:
    """(pattern, whether it is looked for anywhere in a text): those that modules keep, and those in a call."""
    for name in _modules():
        module = importlib.import_module(name)
        source = Path(str(module.__file__)).read_text("utf-8")
        for variable, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield value.pattern, re.search(rf"\b{variable}\.(?!fullmatch|match)", source) is not None
        for node in ast.walk(ast.parse(source)):
            if _is_call_with_text(node):
                yield node.args[0].value, node.func.attr not in ("fullmatch", "match")  # type: ignore[attr-defined]  # a call


def _is_call_with_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr != "compile"
        and isinstance(node.args[0], ast.Constant)
    )


PATTERNS = sorted({(p.decode() if isinstance(p, bytes) else p, anywhere) for p, anywhere in _patterns()})


class Steps:
    """Reads a whole text, or searches it from each place as re.sub does; counts the characters that it compares."""

    def __init__(self, pattern: str, text: str, *, anywhere: bool) -> None:
        self.text, self.count = text, 0
        sequence, start = _parse(pattern), 0
        if not anywhere:
            any(end == len(text) for end in self._match(sequence, 0, 0))
            return
        while start <= len(text):
            end = next(self._match(sequence, 0, start), None)
            start = end if end is not None and end > start else start + 1

    def _match(self, sequence: Sequence, n: int, at: int) -> Iterator[int]:
        if n == len(sequence):
            yield at
            return
        for end in self._one(*sequence[n], at):
            yield from self._match(sequence, n + 1, end)

    def _one(self, kind: Any, value: Any, at: int) -> Iterator[int]:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, what = value
            yield from self._repeat(kind, least, most, what, 0, at)
        elif kind is op.SUBPATTERN:
            yield from self._match(list(value[-1]), 0, at)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from self._match(list(branch), 0, at)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            behind = value[0] < 0
            found = at >= behind and any(True for _ in self._match(list(value[1]), 0, at - behind))
            yield from [at] if found == (kind is op.ASSERT) else []
        elif kind is op.AT:
            yield from [at] if value is not op.AT_END or at == len(self.text) else []
        else:
            self.count += 1
            assert self.count < MAX_STEPS, "exponential"
            yield from [at + 1] if at < len(self.text) and _fits(kind, value, self.text[at]) else []

    def _repeat(self, kind: Any, least: int, most: Any, what: Any, count: int, at: int) -> Iterator[int]:
        enough = [at] if count >= least else []
        if kind is op.MIN_REPEAT:
            yield from enough
        if count < most:
            for end in self._match(list(what), 0, at):
                if end > at:
                    yield from self._repeat(kind, least, most, what, count + 1, end)
        if kind is op.MAX_REPEAT:
            yield from enough


@cache
def _parse(pattern: str) -> Sequence:
    return list(parser.parse(pattern))


_known: dict[tuple[Any, Any, str], bool] = {}


def _fits(kind: Any, value: Any, character: str) -> bool:
    """Whether one character is what a pattern asks for at one place; re itself knows its classes."""
    key = (kind, value if isinstance(value, int) else id(value), character)
    if key not in _known:
        _known[key] = bool(re.compile(_source(kind, value), re.DOTALL).fullmatch(character))
    return _known[key]


def _source(kind: Any, value: Any) -> str:
    if kind is op.ANY:
        return "."
    if kind in (op.LITERAL, op.NOT_LITERAL):
        return f"[{'^' * (kind is op.NOT_LITERAL)}\\U{value:08x}]"
    parts = []
    for what, of in value:
        if what is op.NEGATE:
            parts.append("^")
        elif what is op.CATEGORY:
            parts.append(
                {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_SPACE": r"\S", "NOT_WORD": r"\W"}[str(of)[9:]]
            )
        else:
            first, last = of if what is op.RANGE else (of, of)
            parts.append(f"\\U{first:08x}-\\U{last:08x}")
    return f"[{''.join(parts)}]"


def _letters(pattern: str) -> list[str]:
    """A character for each kind that the pattern tells apart."""
    candidates = [*"a0 .@+<>=/&\n-_", "\u0301", *sorted(set(re.sub(r"\\.", "", pattern)) & set("bdhnq'\""))]
    single = list(_leaves(_parse(pattern)))
    return list({tuple(_fits(*leaf, c) for leaf in single): c for c in candidates}.values())


def _leaves(tree: Any) -> Iterator[tuple[Any, Any]]:
    for kind, value in tree:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            yield kind, value
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _leaves(branch)
        elif kind is not op.AT:
            yield from _leaves(value[-1])


def growing_texts(pattern: str, size: int) -> Iterator[str]:
    """Every one and every pair of kinds again and again, after each kind and before an end that fits nothing."""
    letters = _letters(pattern)
    for pair, end in product([*letters, *map("".join, product(letters, repeat=2))], ("", "\x00")):
        yield from (start + pair * size + end for start in ("", *letters))


@pytest.mark.parametrize(("pattern", "anywhere"), [use for use in PATTERNS if use[0] not in OWN_FILES])
def test_twice_the_text_costs_about_twice(pattern: str, anywhere: bool) -> None:
    for short, long in zip(growing_texts(pattern, SHORT), growing_texts(pattern, 2 * SHORT), strict=True):
        more, less = (Steps(pattern, text, anywhere=anywhere).count for text in (long, short))
        assert more <= 2.5 * less + 100, repr(short)


@pytest.mark.parametrize(
    ("pattern", "anywhere"),
    [(r"(?:\S[\u0300-\u036f]*){20}(?=\S)", True), ("(a+)+b", False), (r"\s+$", True), ("a*a*b", False)],
)
def test_a_pattern_that_can_be_read_in_several_ways_is_found(pattern: str, anywhere: bool) -> None:
    with pytest.raises(AssertionError):
        test_twice_the_text_costs_about_twice(pattern, anywhere)


def test_patterns_of_our_own_files_are_in_use() -> None:
    assert {pattern for pattern, _ in PATTERNS} >= OWN_FILES
