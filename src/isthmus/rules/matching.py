"""Matching: whether a customer is one that the other system already has.

Only agreement beyond doubt links: the tax registration, the web domain, or the name without its
legal form together with the country. Names alone are no proof: on listed companies Jaro-Winkler
without legal forms has the best recall of the plain scorers, and its errors start just below
equality (Capital One and Talon Capital, GE HealthCare and HCA Healthcare), so a similar name asks
a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import JaroWinkler

from isthmus.canonical import Customer
from isthmus.rules.problems import Problem
from isthmus.rules.tax import check_tax_registration

NEAR = 0.96
"""The most that a name scores which is only similar, or equal without a second field."""
ELSEWHERE = 0.12
"""Taken off for another country: the same name there is a sister company more often than not."""

_LEGAL_FORMS = frozenset({
    "ab", "ag", "aps", "as", "asa", "bv", "co", "company", "corp", "corporation", "cv", "doo",
    "dd", "eood", "gbr", "gk", "gmbh", "inc", "incorporated", "kft", "kg", "kgaa", "kk", "lda",
    "limited", "llc", "llp", "lp", "ltd", "ltda", "mbh", "nv", "ohg", "oy", "oyj", "plc", "pte",
    "pty", "pvt", "sa", "sarl", "sas", "sasu", "sca", "se", "sl", "slu", "snc", "spa", "sp", "z",
    "oo", "sro", "srl", "ug", "zrt", "and", "the", "de",
})  # fmt: skip
"""With the words that only join them: "GmbH & Co. KG", "Sp. z o.o.", "S.A. de C.V."."""
_SHARED_HOSTS = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com",
    "icloud.com", "aol.com", "gmx.de", "gmx.net", "web.de", "proton.me", "protonmail.com",
    "qq.com", "163.com", "facebook.com", "linkedin.com", "instagram.com", "wixsite.com",
    "wordpress.com", "blogspot.com", "github.io", "google.com",
})  # fmt: skip
_SECOND_LEVEL = frozenset({
    "ac", "co", "com", "edu", "gov", "ltd", "me", "net", "ne", "or", "org", "plc",
})  # fmt: skip
"""Labels that belong to the registry under a country: example.co.uk, example.com.au."""


_FOR_ONE_TAX = re.compile(r"^((?:CHE)?\d{9})(?:MVA|MWST|TVA|IVA|TPV|R[CPTMDZ]\d{4})$")


@dataclass(frozen=True, slots=True)
class CustomerCandidate:
    """A record of the other system, with its own id."""

    external_id: str
    name: str
    country: str | None = None
    tax_registration: str | None = None
    website: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    external_id: str
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Ask:
    """For a person to decide, likeliest first."""

    candidates: tuple[tuple[CustomerCandidate, float, str], ...]


@dataclass(frozen=True, slots=True)
class New:
    pass


def match(
    customer: Customer,
    candidates: Iterable[CustomerCandidate],
    match_above: float = 0.97,
    ask_between: tuple[float, float] = (0.80, 0.97),
) -> Linked | Ask | New:
    """Link above the threshold, ask in between, else it is new.

    Two candidates above the threshold are a duplicate over there: a person decides that too.
    """
    scored = [(c, *_score(customer, c)) for c in candidates]
    likely = sorted(
        (s for s in scored if s[1] >= ask_between[0]), key=lambda s: (-s[1], s[0].external_id)
    )
    sure = [s for s in likely if s[1] >= match_above]
    proofs = [s for s in sure if s[2].startswith(_SAME_NUMBER)] or sure
    if len(proofs) == 1:
        [(candidate, score, why)] = proofs
        return Linked(candidate.external_id, score, why)
    return Ask(tuple(likely)) if likely else New()


_SAME_NUMBER = "same tax registration"


def _score(customer: Customer, candidate: CustomerCandidate) -> tuple[float, str]:
    ours = _tax_number(customer.country, customer.tax_registration)
    theirs = _tax_number(candidate.country or customer.country, candidate.tax_registration)
    if ours and theirs:
        if ours != theirs:
            return 0.0, f"tax registrations {ours} and {theirs} differ"
        return 1.0, f"{_SAME_NUMBER} {ours}"
    return _by_domain(customer, candidate) or _by_name(customer, candidate)


def _by_domain(customer: Customer, candidate: CustomerCandidate) -> tuple[float, str] | None:
    """A group shares one domain, so country and name may not speak against it."""
    domain = web_domain(customer.website)
    if domain is None or domain != web_domain(candidate.website):
        return None
    if _differ(customer.country, candidate.country):
        return NEAR, f"same web domain {domain}, other country"
    if _similarity(customer.name, candidate.name) < 0.8:
        return NEAR, f"same web domain {domain}, other name"
    return 1.0, f"same web domain {domain}"


def _by_name(customer: Customer, candidate: CustomerCandidate) -> tuple[float, str]:
    similarity = _similarity(customer.name, candidate.name)
    equal = similarity == 1.0
    shown = "same name" if equal else f"name {similarity:.0%} alike"
    if _differ(customer.country, candidate.country):
        return min(similarity, NEAR) - ELSEWHERE, f"{shown}, other country"
    if not customer.country or not candidate.country:
        return min(similarity, NEAR), f"{shown}, country not known"
    if _differ(_city(customer), _plain(candidate.city or "")):
        return min(similarity, NEAR), f"{shown}, same country, other city"
    return (1.0 if equal else min(similarity, NEAR)), f"{shown}, same country"


def _city(customer: Customer) -> str:
    address = customer.billing_address
    return _plain(address.city or "") if address else ""


def plain_name(name: str) -> str:
    """A company's name as people say it: no accents, punctuation or legal form."""
    words = _plain(name).split()
    kept = list(words)
    while kept and kept[-1] in _LEGAL_FORMS:
        kept.pop()
    if kept and kept[0] == "the":
        kept = kept[1:]
    return " ".join(kept or words)


def web_domain(website: str | None) -> str | None:
    """The domain that a company registers, or None where it says nothing about the company."""
    if not website:
        return None
    host = re.sub(r"^[a-z]+://", "", website.strip().lower())
    labels = re.split(r"[/:?#]", host.rpartition("@")[2])[0].strip(".").split(".")
    second_level = len(labels) > 1 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2
    size = 3 if second_level else 2
    domain = ".".join(labels[-size:])
    return None if len(labels) < size or domain in _SHARED_HOSTS else domain


@lru_cache(maxsize=50_000)
def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    joined = re.sub(r"(?<=\b\w)[./](?=\w\b)|['\u2019]", "", bare).replace("&", " and ")
    return " ".join(re.findall(r"\w+", joined))


def _similarity(ours: str, theirs: str) -> float:
    return float(JaroWinkler.similarity(plain_name(ours), plain_name(theirs)))


def _differ(ours: str | None, theirs: str | None) -> bool:
    return bool(ours) and bool(theirs) and ours != theirs


def _tax_number(country: str | None, number: str | None) -> str | None:
    """As its register writes it; an invalid number still tells two customers apart.

    A suffix says for which tax a number is registered (CHE...MWST, NO...MVA, CA...RC0001), not
    whose it is.
    """
    if not number:
        return None
    found = check_tax_registration(country, number) if country else number
    text = number if isinstance(found, Problem) else found
    return _FOR_ONE_TAX.sub(r"\1", re.sub(r"[^0-9A-Z]", "", text.upper()))
