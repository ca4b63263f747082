"""Countries: people type names in the CRM, everything else wants ISO 3166-1 codes."""

from functools import lru_cache

from babel import Locale

ALSO_WRITTEN = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "united states of america": "US", "america": "US",
    "uk": "GB", "u.k.": "GB", "great britain": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "northern ireland": "GB", "czech republic": "CZ", "turkey": "TR",
    "the netherlands": "NL", "holland": "NL", "korea": "KR", "republic of korea": "KR",
    "republic of ireland": "IE", "hong kong": "HK", "macau": "MO", "russian federation": "RU",
    "viet nam": "VN", "uae": "AE", "ivory coast": "CI",
}  # fmt: skip


@lru_cache
def _names() -> dict[str, str]:
    """ISO code -> English name, without regions ("001") and CLDR's special codes."""
    special = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"}
    return {
        str(code): str(name)
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code not in special
    }


@lru_cache
def _codes() -> dict[str, str]:
    return {name.casefold(): code for code, name in _names().items()} | ALSO_WRITTEN


def country_code(text: str) -> str | None:
    """The ISO code of a code or an English name; None when it is neither."""
    written = text.strip()
    if written.upper() in _names():
        return written.upper()
    return _codes().get(written.casefold())


def country_name(code: str) -> str:
    """What a country is called in an org with English picklists."""
    return _names().get(code, code)
