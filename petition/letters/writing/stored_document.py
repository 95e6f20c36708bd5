"""A letter as it is stored: as JSON values, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from petition.letters.writing.document import Annex, Bar, Block, Chart, Letter, Note, Part, Run


def to_dict(document: Letter | Annex) -> dict[str, Any]:
    """The document as JSON values; the moment in seconds since 1970."""
    return {**asdict(document), "moment": int(document.moment.timestamp())}


def letter_from_dict(values: Mapping[str, Any]) -> Letter:
    """The reverse of to_dict(). Letters of old editions lack the fields that have defaults."""
    contact = values["contact"]
    values = {"return_line": values["sender"], "reply_to": contact, "controller_contact": contact[0], **values}
    lists = {name: tuple(values[name]) for name in ("contact", "lines", "copies", "cited_ids")}
    lists |= {name: tuple(values.get(name, ())) for name in ("signatory", "reply_to", "enclosure_names")}
    nested = {
        "copy_addresses": tuple(map(tuple, values.get("copy_addresses", ()))),
        "moment": datetime.fromtimestamp(values["moment"], UTC),
        "blocks": _blocks_from_list(values["blocks"]),
        "sources": tuple(Note(**note) for note in values["sources"]),
        "summary": _part_from_dict(values["summary"]) if values.get("summary") else None,
        "enclosures": tuple(map(_part_from_dict, values.get("enclosures", ()))),
        "chart": _chart_from_dict(values["chart"]) if values["chart"] else None,
    }
    return Letter(**{**values, **lists, **nested})


def _blocks_from_list(values: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    return tuple(Block(block["kind"], tuple(Run(**run) for run in block["runs"])) for block in values)


def _part_from_dict(values: Mapping[str, Any]) -> Part:
    nested = {
        "blocks": _blocks_from_list(values["blocks"]),
        "sources": tuple(Note(**note) for note in values["sources"]),
        "cited_ids": tuple(values["cited_ids"]),
    }
    return Part(**{**values, **nested})


def _chart_from_dict(values: Mapping[str, Any]) -> Chart:
    bars = {"bars": tuple(Bar(**bar) for bar in values["bars"])}
    return Chart(**{**values, **bars, "head": tuple(values["head"]), "total": tuple(values["total"])})
