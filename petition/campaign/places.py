"""The places of a campaign that organisers edit at the desk; the value of each is read by the rules of its file."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt

from petition.campaign.campaign import Campaign, Fact, read_fact, refuse_early_destruction
from petition.core import toml_tables
from petition.core.errors import DataError
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.core.toml_edits import Value, quote
from petition.core.toml_tables import DAY, WHOLE_NUMBER

TEXT_PARTS = ("title", "summary", "share", "body")  # of the appeal; what people signed, the demand, stays
WHERE = "The desk"  # what errors call the file of an edit


class Kind(StrEnum):
    FACT = "fact"
    TEXT = "text"
    BANNER = "banner"
    DEADLINE = "deadline"
    GOAL = "goal"


class Place(NamedTuple):
    """`key`: the id of a fact, or a part of a text. `language`: of a text or a banner."""

    kind: Kind
    key: str = ""
    language: str = ""


Edits = Mapping[Place, str]  # the value of each place that is not that of the file
DEADLINE, GOAL = Place(Kind.DEADLINE), Place(Kind.GOAL)


def fact_place(id_: str) -> Place:
    return Place(Kind.FACT, id_)


def fact_values(fact: Fact) -> dict[str, Value | None]:
    """As facts.toml has them. None: not there."""
    ranged = fact.high is not None
    return {
        "value": None if ranged else fact.low,
        "low": fact.low if ranged else None,
        "high": fact.high,
        "as_of": fact.as_of,
        "publisher": fact.publisher,
        "source": fact.source,
        "level": fact.level,
    }


def write_fact(fact: Fact) -> str:
    """The value of an edit: the lines of facts.toml."""
    return "".join(f"{name} = {quote(value)}\n" for name, value in fact_values(fact).items() if value is not None)


def edited_fact(fact: Fact, value: str) -> Fact:
    """The fact with what the value of an edit says. Raises DataError."""
    row = toml_tables.parse(value, f"{WHERE}, fact {fact.id}")
    row.values.update({"id": fact.id} | ({"what": fact.what} if fact.what else {}))
    return read_fact(row)


def edited_campaign(campaign: Campaign, place: Place, value: str) -> Campaign:
    """With another deadline, goal or banner. Raises DataError."""
    if place.kind is Kind.BANNER:
        return replace(campaign, banners={**campaign.banners, place.language: value})
    typed = toml_tables.parse(f"{place.kind} = {value}", WHERE)
    if place.kind is Kind.GOAL:
        return replace(campaign, goal=typed.read("goal", WHOLE_NUMBER))
    deadline = typed.read("deadline", DAY)
    refuse_early_destruction(WHERE, deadline, campaign.destruction)
    return replace(campaign, deadline=deadline)


_NOT_CLOSED = N_("A {{ … }} is not closed, or is none of those explained below.")
_PICTURES = N_("A text has no pictures: a page of ours makes no browser talk to anyone else.")
_STRANGE = N_("In line %(line)s stands a {{ … }} that is none of those explained below.")
_JINJA = SandboxedEnvironment()
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_CALLS = {"fact": 1, "link": 2}  # how many texts each takes
_NAMES = {"deadline", "hashtags", "organiser"}


def refuse_code(body: str) -> None:
    """A body typed at the desk fills in facts, links and dates, and no more: no loops, no images. Raises DataError."""
    try:
        tree = _JINJA.parse(body)
    except TemplateSyntaxError:
        raise DataError(Sentence(_NOT_CLOSED)) from None
    outputs = [node for statement in tree.body for node in getattr(statement, "nodes", [statement])]
    if strange := [node for node in outputs if not _is_known(node)]:
        raise DataError(Sentence(_STRANGE, line=strange[0].lineno))
    if any(child.type == "image" for token in _MARKDOWN.parse(body) for child in token.children or []):
        raise DataError(Sentence(_PICTURES))


def _is_known(node: nodes.Node) -> bool:
    if isinstance(node, nodes.TemplateData):
        return True
    if isinstance(node, nodes.Name):
        return node.name in _NAMES
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name) or node.node.name not in _CALLS:
        return False
    texts = [
        argument for argument in node.args if isinstance(argument, nodes.Const) and isinstance(argument.value, str)
    ]
    plain = not (node.kwargs or node.dyn_args or node.dyn_kwargs) and len(texts) == len(node.args)
    return plain and len(texts) == _CALLS[node.node.name]
