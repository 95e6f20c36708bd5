"""What stands between words, by rule: spaces at which no line ends, and one full stop where two would meet.

Catalogues and texts have plain spaces; translators and organisers need not think of others.
"""

import re
from functools import cache

NO_BREAK, NARROW = "\u00a0", "\u202f"
# Tags with their attributes stay as they are, and text that is code, typed, a choice, a placeholder or in a language
# of its own.
_WHOLE = "|".join(rf"{name}\b.*?</{name}" for name in ("script", "style", "pre", "code", "textarea", "title", "mark"))
_MARKUP = re.compile(
    rf"(<(?:{_WHOLE})>|<option\b[^<>]*>[^<]*|<(?!html)\w[^<>]* lang=[^<>]*>[^<]*|<!--.*?-->|<[^<>]*>)", re.DOTALL
)
_TAG = "\0"  # stands for a piece of markup
# A date or abbreviation that ends in a full stop, at the end of a sentence; an ellipsis and ../ are something else.
_TWO_STOPS = re.compile(rf"(?<![.\s/{_TAG}])\.({_TAG}*)\.(?![./\w])")
_SMALL = "a-zß-öø-ÿāăąćčďđēęěģīķĺľļłńňņőŕřśšșťțūůűźžż"  # what follows a full stop is no new sentence
# One-letter words that a line must not end with.
_SHORT_WORDS = {
    "be": "аіоузўкй",
    "bg": "вскои",
    "cs": "aikosuvz",
    "hr": "aikosu",
    "pl": "aiouwz",
    "ru": "авикосу",
    "sk": "aikosuvz",
    "sl": "aikosuvzh",
    "uk": "авзійоу",
}
# Words that stand before a number, such as that of an article of a law.
_BEFORE_NUMBERS = {
    "be": ("арт.", "артыкул", "№"),
    "bg": ("чл.", "член", "№"),
    "cs": ("č.", "čl.", "článek", "článku", "§"),
    "da": ("artikel", "nr."),
    "de": ("Artikel", "Art.", "Nr.", "§"),
    "el": ("άρθρο", "άρθρου", "αριθ."),
    "es": ("artículo", "n.º"),
    "fr": ("article", "nº", "n°"),
    "ga": ("Airteagal", "Uimh."),
    "hr": ("članak", "članka", "čl.", "br."),
    "it": ("articolo", "art.", "n."),
    "mt": ("Artikolu", "Nru"),
    "nl": ("artikel", "nr."),
    "pl": ("art.", "nr", "ust."),
    "pt": ("artigo", "n.º"),
    "ro": ("articolul", "art.", "nr."),
    "ru": ("ст.", "статья", "статьи", "статье", "№"),
    "sk": ("č.", "čl.", "článok", "článku", "§"),
    "sl": ("člen", "št."),
    "sv": ("artikel", "nr"),
    "uk": ("ст.", "стаття", "статті", "№"),
}
# A number and what it counts, a day and its month; after a year, only its abbreviation or the word for it.
_NUMBER_AND_WORD = (
    rf"(?:(?<=\d )|(?<=\d[ηº] )|(?<=\d{_TAG} ))(?:(?<!20\d\d )(?=[^\W\d_]{{2}})|(?=[^\W\d_]\.|год|рок|rok|%))"
    rf"|(?<=\d\. )(?=[{_SMALL}])"
)
_DASH_LANGUAGES = ("be", "bg", "ru", "uk")  # no line begins with a dash
_UNTOUCHED = "en"  # its printers have no such rules


def polish_html(html: str, language: str) -> str:
    """Polishes what a reader sees of a page, and nothing else of it."""
    pieces = _MARKUP.split(html)  # text, markup, text …
    texts = (text.replace(_TAG, "\ufffd") for text in pieces[::2])  # as browsers do
    pieces[::2] = polish_text(_TAG.join(texts), language).split(_TAG)
    return "".join(pieces)


def polish_text(text: str, language: str) -> str:
    """Polishes running text without markup, or in Markdown."""
    text = end_once(text)
    if language == _UNTOUCHED:
        return text
    text = _loose_spaces(language).sub(NO_BREAK, text)
    return _space_french_signs(text) if language == "fr" else text


def label(name: str, value: str, language: str) -> str:
    """`name: value`; French has a space before the colon."""
    return f"{name}{NO_BREAK if language == 'fr' else ''}: {value}"


def end_once(text: str) -> str:
    """A sentence whose last word has a full stop of its own ends in one, not in two."""
    while (ended := _TWO_STOPS.sub(r".\1", text)) != text:
        text = ended
    return text


def _space_french_signs(text: str) -> str:
    """A narrow space before ; ! ? and a full one before a colon, also where code has put the colon after a label."""
    text = re.sub(f"{NO_BREAK}(?=[;!?])", NARROW, text)
    return re.sub(rf"(?:(?<=[^\W_])|(?<=[^\W_]{_TAG}))(?=:(?:[\s{_TAG}]|$))", NO_BREAK, text)


@cache
def _loose_spaces(language: str) -> re.Pattern[str]:
    """Plain spaces at which no line of this language ends."""
    rules = [_NUMBER_AND_WORD, r"(?<=1er )(?=\w)"]
    if letters := _SHORT_WORDS.get(language):
        rules.append(rf"(?<=(?<![\w’'.-])[{letters}{letters.upper()}] )(?=[\w{_TAG}„«“(])")
    rules += [rf"(?i:(?<=(?<!\w){re.escape(word)} ))(?=\d)" for word in _BEFORE_NUMBERS.get(language, ())]
    if language in _DASH_LANGUAGES:
        rules.append("(?=[—–] )")
    if language == "fr":
        rules += [r"(?=[:;!?»](?:\W|$))", "(?<=« )"]
    return re.compile(f" (?:{'|'.join(rules)})")
