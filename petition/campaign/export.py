"""The edited campaign as files again: a folder that PETITION_CAMPAIGN takes, and that gives the same campaign."""

import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.campaign.places import Kind, fact_values
from petition.core import markdown
from petition.core.errors import DataError
from petition.core.languages import Language
from petition.core.toml_edits import set_row, set_toml

# All that a campaign folder may have, and nothing else that lies there.
_NAMES = ("*.toml", "europe.svg", "appeal/*.md", "letters/*.md", "letters/*/*.md", "pictures/*")
_DATA = {
    *(
        "campaign.toml",
        "facts.toml",
        "governments.toml",
        "mailboxes.toml",
        "networks.toml",
        "said.toml",
        "pictures.toml",
    )
}


def export_files(appeal: Appeal) -> dict[str, bytes]:
    """File name -> content: what the campaign folder has, and each file that was edited. Raises DataError.

    Comments stay. The folder is read before it is given out: it is the same campaign, or the error says why not.
    """
    files = {str(file.relative_to(folder)): file.read_bytes() for folder, file in _own_files(appeal)}
    files |= {name: text.encode() for name, text in _edited_files(appeal)}
    _refuse_other_campaign(appeal, files)
    return files


def _own_files(appeal: Appeal) -> Iterator[tuple[Path, Path]]:
    if folder := appeal.folder:
        for file in (file for pattern in _NAMES for file in folder.glob(pattern)):
            if file.is_file() and (file.suffix != ".toml" or file.name in _DATA):
                yield folder, file


def _edited_files(appeal: Appeal) -> Iterator[tuple[str, str]]:
    kinds = {place.kind for place in appeal.edits}
    if kinds & {Kind.GOAL, Kind.DEADLINE, Kind.BANNER}:
        yield "campaign.toml", _campaign_toml(appeal)
    if Kind.FACT in kinds:
        yield "facts.toml", _facts_toml(appeal)
    for code in sorted({place.language for place in appeal.edits if place.kind is Kind.TEXT}):
        yield f"appeal/{code}.md", _text_md(appeal, code)


def _campaign_toml(appeal: Appeal) -> str:
    text, campaign = appeal.data_file("campaign.toml").read_text("utf-8"), appeal.campaign
    for place in appeal.edits:
        if place.kind is Kind.GOAL:
            text = set_toml(text, "", "goal", campaign.goal)
        elif place.kind is Kind.DEADLINE:
            text = set_toml(text, "dates", "deadline", campaign.deadline)
        elif place.kind is Kind.BANNER:
            text = text if "banner" in tomllib.loads(text) else f"{text.rstrip()}\n\n[banner]\n"
            text = set_toml(text, "banner", place.language, campaign.banners[place.language])
    return text


def _facts_toml(appeal: Appeal) -> str:
    text = appeal.data_file("facts.toml").read_text("utf-8")
    for place in appeal.edits:
        if place.kind is Kind.FACT:
            text = set_row(text, "fact", place.key, fact_values(appeal.facts[place.key]), "facts.toml")
    return text


def _text_md(appeal: Appeal, code: str) -> str:
    name = f"appeal/{code}.md"
    head, body = markdown.split(appeal.text_file(code).read_text("utf-8"), name)
    for place in appeal.edits:
        if (place.kind, place.language) == (Kind.TEXT, code):
            value = appeal.text_part(code, place.key)
            if place.key == "body":
                body = f"\n{value}\n"
            else:
                head = set_toml(head, "", place.key, value, name)
    return f"+++\n{head}\n+++\n{body}"


def _refuse_other_campaign(appeal: Appeal, files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for path, content in files.items():
            file = Path(name) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        read = Appeal(Path(name))
        languages = [Language(Path(path).stem, {}) for path in files if path.startswith("appeal/")]
        if (read.campaign, read.facts) != (appeal.campaign, appeal.facts) or any(
            read.get_text(language) != appeal.get_text(language) for language in languages
        ):
            raise DataError(
                "The files would give another campaign than the one shown: restart the service, then try again."
            )
