"""Record ids: 3 characters of key prefix, 12 of instance and number, 3 of checksum.

The checksum spells out which of the 15 letters are upper case, so that the 18-character form
survives systems that ignore case.
"""

import re

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_INSTANCE = "5e"
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")


def new_id(prefix: str, number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return to_18(f"{prefix}{_INSTANCE}{digits.rjust(10, '0')}")


def to_18(record_id: str) -> str:
    core = record_id[:15]
    return core + "".join(_CHECK[_upper_bits(core[at : at + 5])] for at in (0, 5, 10))


def _upper_bits(letters: str) -> int:
    return sum(
        1 << at for at, letter in enumerate(letters) if letter.isascii() and letter.isupper()
    )


def is_id(text: str) -> bool:
    return _FORM.fullmatch(text) is not None
