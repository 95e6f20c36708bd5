"""What stands between words, by rule: spaces at which no line ends, and one full stop where two would meet.

Catalogues and texts have plain spaces; translators and organisers need not think of others.
"""

import re
from functools import cache

NO_BREAK, NARROW = "\u00a0", "\u202f"
# Text that is code, an address or a choice, and tags with their attributes, stay as they are.
_WHOLE = "|".join(rf"{name}\b.*?</{name}" for name in ("script", "style", "pre", "code", "textarea", "title"))
_MARKUP = re.compile(rf"(<(?:{_WHOLE})>|<option\b[^>]*>[^<]*|<!--.*?-->|<[^>]*>)", re.DOTALL)
_TAG = "\0"  # stands for a piece of markup
# A date or abbreviation that ends in a full stop, at the end of a sentence; an ellipsis and ../ are something else.
_TWO_STOPS = re.compile(rf"(?<![.\s/])\.({_TAG}*)\.(?![./\w])")
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
_DASH_LANGUAGES = ("be", "bg", "ru", "uk")  # no line begins with a dash
_UNTOUCHED = "en"  # its printers have no such rules


def polish_html(html: str, language: str) -> str:
    """Polishes what a reader sees of a page, and nothing else of it."""
    pieces = _MARKUP.split(html.replace(_TAG, "\ufffd"))  # text, markup, text …; browsers read no NUL
    pieces[::2] = _bind(end_once(_TAG.join(pieces[::2])), language).split(_TAG)
    return "".join(pieces)


def end_once(text: str) -> str:
    """A sentence whose last word has a full stop of its own ends in one, not in two."""
    return _TWO_STOPS.sub(r".\1", text)


def _bind(text: str, language: str) -> str:
    if language == _UNTOUCHED:
        return text
    bound = _loose_spaces(language).sub(NO_BREAK, text)
    return re.sub(f" (?=[;!?](?:\\W|$))|{NO_BREAK}(?=[;!?])", NARROW, bound) if language == "fr" else bound


@cache
def _loose_spaces(language: str) -> re.Pattern[str]:
    """Plain spaces at which no line of this language ends."""
    word = r"(?=[^\W\d_](?:[^\W\d_]|\.)|%)"
    rules = [rf"(?<=\d ){word}", rf"(?<=\d{_TAG} ){word}"]
    if letters := _SHORT_WORDS.get(language):
        rules.append(rf"(?<=(?<![\w’'.-])[{letters}{letters.upper()}] )(?=[\w{_TAG}„«“(])")
    rules += [rf"(?i:(?<=(?<!\w){re.escape(word)} ))(?=\d)" for word in _BEFORE_NUMBERS.get(language, ())]
    if language in _DASH_LANGUAGES:
        rules.append("(?=[—–] )")
    if language == "fr":
        rules += ["(?=[:»])", "(?<=« )"]
    return re.compile(f" (?:{'|'.join(rules)})")
