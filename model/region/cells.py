"""One cell of an office's table as a value: German and English numbers, the signs of DIN 55301, dates, sexes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

NOTHING: Final = frozenset({"-", "–", "—", "−"})
"""DIN 55301: exactly nothing."""
UNKNOWN: Final = frozenset({"", ".", "..", "...", "…", "x", "X", "*", "•"})
"""DIN 55301 and its kin: unknown, secret, blocked, follows later."""
UNRELIABLE: Final = "/"
"""DIN 55301: not given because not reliable enough."""
LARGEST_COUNT: Final = 10**9

_SPACES = " \u00a0\u2007\u2009\u202f"
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff"))
_SPACED = re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:[{_SPACES}][0-9]{{3}})+(?:[.,][0-9]+)?")
_POINTED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?")
_COMMAED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+\.[0-9]+|(?:,[0-9]{3}){2,})")
_ONE_COMMA = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)")
_SOME_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_GERMAN_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_YEAR = re.compile(r"[0-9]{4}")

_SEXES: Final = {
    "m": "m", "männlich": "m", "male": "m", "f": "f", "w": "f", "weiblich": "f", "female": "f",
    "t": "t", "i": "t", "insgesamt": "t", "zusammen": "t", "total": "t",
}  # fmt: skip


class Number(NamedTuple):
    """A parsed cell: its value (NaN where unknown) and the id of what is wrong or doubtful with it."""

    value: float
    problem: str | None = None


MISSING: Final = float("nan")


def clean(text: str) -> str:
    """A cell without outer spaces and invisible signs, composed letters (NFC)."""
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE)).strip()


def _signs(text: str) -> Number | None:
    if text in NOTHING:
        return Number(0.0)
    if text in UNKNOWN:
        return Number(MISSING)
    if text == UNRELIABLE:
        return Number(MISSING, "unreliable_value")
    return None


def parse_count(text: str) -> Number:
    """A whole number of persons, places, dwellings.

    A point (or space) before three digits is a thousands sign; a comma before three digits may be either, so refused.

    >>> [parse_count(text).value for text in ("1.234", "2930,00", "-")], parse_count("1,234").problem
    ([1234.0, 2930.0, 0.0], 'ambiguous_number')
    """
    if (sign := _signs(text)) is not None:
        return sign
    if text.startswith("(") and text.endswith(
        ")"
    ):  # official tables: the value is uncertain because few cases are behind it
        inner = parse_count(clean(text[1:-1]))
        return Number(inner.value, inner.problem or "uncertain_value")
    text = text.replace("−", "-")
    if _POINTED.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif _SPACED.fullmatch(text):
        text = re.sub(f"[{_SPACES}]", "", text).replace(",", ".")
    elif _ONE_COMMA.fullmatch(text):
        return Number(MISSING, "ambiguous_number")
    elif _COMMAED.fullmatch(text):
        text = text.replace(",", "")
    elif _PLAIN.fullmatch(text):
        text = text.replace(",", ".")
    else:
        return Number(MISSING, "not_a_number")
    return Number(float(text))


def decimal_sign(texts: Iterable[str]) -> str:
    """The decimal sign of a column: a comma wherever one occurs, else a point."""
    return "," if any("," in text for text in texts) else "."


def looks_like_thousands(texts: Iterable[str]) -> bool:
    """Whether the points of a column without commas may be thousands signs: exactly three digits always follow."""
    pointed = [text for text in texts if "." in text and text not in UNKNOWN]
    return bool(pointed) and all(_SOME_THOUSANDS.fullmatch(text) for text in pointed)


def parse_measure(text: str, decimal: str) -> Number:
    """A number with decimals, e.g. a coordinate or a share; ``decimal`` is the column's decimal sign.

    >>> parse_measure("1.234,5", ",").value, parse_measure("9.4299", ".").value
    (1234.5, 9.4299)
    """
    if (sign := _signs(text)) is not None:
        return sign
    text = text.replace("−", "-")
    if _SPACED.fullmatch(text):
        text = re.sub(f"[{_SPACES}]", "", text).replace(",", ".")
    elif _COMMAED.fullmatch(text):
        text = text.replace(",", "")
    elif _POINTED.fullmatch(text) and (decimal == "," or text.count(".") > 1):
        text = text.replace(".", "").replace(",", ".")
    elif _PLAIN.fullmatch(text):
        text = text.replace(",", ".")
    else:
        return Number(MISSING, "not_a_number")
    return Number(float(text))


def parse_age_to(text: str) -> Number:
    """The last age of a band; empty or -1 = "and older"."""
    if text.lower() in {"", "-1", "und älter", "u.ä.", "u. ä.", "+"}:
        return Number(-1.0)
    return parse_count(text)


def parse_date(text: str, year_end: bool = True) -> date | None:
    """A day: ``2022-12-31``, ``31.12.2022`` or a year alone (its last day, or its first).

    >>> parse_date("31.12.2022"), parse_date("2022", year_end=False), parse_date("31.02.2022")
    (datetime.date(2022, 12, 31), datetime.date(2022, 1, 1), None)
    """
    if match := _ISO_DATE.fullmatch(text):
        year, month, day = match.groups()
    elif match := _GERMAN_DATE.fullmatch(text):
        day, month, year = match.groups()
    elif _YEAR.fullmatch(text):
        year, month, day = (text, "12", "31") if year_end else (text, "1", "1")
    else:
        return None
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if 1900 <= found.year <= 2200 else None


def parse_sex(text: str) -> str:
    """m, f or t for the words offices use (w, weiblich, insgesamt …); another text comes back as it is."""
    return _SEXES.get(text.lower(), text)
