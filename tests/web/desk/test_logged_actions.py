"""The list of the actions of the activity log: the code writes no other ones, as far as they stand in a call."""

import ast
from collections.abc import Iterator

from petition.core import resources
from petition.organisers import switches
from petition.web.desk.logged_actions import ACTIONS

# Function -> which of its arguments is the action.
_WRITERS = {"activity_log.append": 2, "run_and_log": 2, "log_action": 1, "log_download": 1}


def _written_actions() -> Iterator[str]:
    for file in resources.PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or (place := _WRITERS.get(ast.unparse(call.func))) is None:
                continue
            if len(call.args) > place and isinstance(action := call.args[place], ast.Constant | ast.Call | ast.IfExp):
                yield from (str(text.value) for text in ast.walk(action) if isinstance(text, ast.Constant))


def test_every_action_is_in_the_list() -> None:
    options = [option for kind in switches.KINDS.values() for option in kind.options.values()]
    written = {*_written_actions(), *(option.done for option in options)}
    assert written - ACTIONS == set()
    assert len(written & ACTIONS) > 50
