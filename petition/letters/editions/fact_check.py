"""Whether letters can still be made after a fact was changed: they print some numbers of one page with one note."""

from collections.abc import Collection

from petition.letters.editions.drafts import Draft


def check_letters(draft: Draft, ids: Collection[str]) -> None:
    """Raises DataError if a letter that prints one of these facts cannot be made. It takes a second."""
    if draft.state.allows_letters and _are_printed(draft, ids):
        draft.citing_addressees()


def _are_printed(draft: Draft, ids: Collection[str]) -> bool:
    texts = (file.read_text("utf-8") for folder in draft.text_folders for file in folder.rglob("*.md"))
    return any(f'"{id_}"' in text for text in texts for id_ in ids)
