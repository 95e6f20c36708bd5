"""Acts: each act that is done together has a name, and every server has the same order of names."""

import asyncio
from typing import Any

import pytest

from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.database.writer import Act, Acts
from petition.mail import outbox
from petition.signing import signatures, submissions


def _module(name: str) -> Any:
    """A function `confirm` as one module has it: all of them have the same name in Python."""

    async def confirm(c: Connection, items: list[str]) -> list[str]:
        await c.execute("select 1")
        return [f"{name} did {item}" for item in items]

    return confirm


async def test_two_functions_of_one_name_are_not_mixed_up(database: Database) -> None:
    joined = [database.join(_module(name), name) for name in ("one", "other")]
    answers = await asyncio.gather(*joined, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TypeError, TypeError], "neither is an act"


async def test_each_act_is_done_by_its_own_function_in_the_order_of_the_names(database: Database) -> None:
    order: list[str] = []
    named = Acts("one", "other")

    def act(name: str) -> Act[Connection, str, str]:
        done = _module(name)

        async def confirm(c: Connection, items: list[str]) -> list[str]:
            order.append(name)
            found: list[str] = await done(c, items)
            return found

        return named(name)(confirm)

    other, one = act("other"), act("one")
    asked = [database.join(other, "a"), database.join(one, "b"), database.join(other, "c")]
    assert await asyncio.gather(*asked) == ["other did a", "one did b", "other did c"]
    assert order == ["one", "other"]


@pytest.mark.parametrize("name", ["one", "unlisted"])
def test_a_name_that_is_taken_or_unknown_is_refused(name: str) -> None:
    named = Acts("one")
    named("one")(_module("first"))
    with pytest.raises(ValueError, match=f"There is no free act {name}: list it"):
        named(name)


def test_the_order_of_our_acts_never_changes() -> None:
    ours: list[Act[Connection, Any, Any]] = [submissions.sign, signatures.confirm, outbox.mark_sent]
    assert [(act.name, act.place) for act in ours] == [("sign", 0), ("confirm", 1), ("sent", 2)]
