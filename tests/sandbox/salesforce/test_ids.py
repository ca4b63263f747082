import pytest

from isthmus.sandbox.salesforce.ids import is_id, new_id, to_18


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("0013000000000AB", "0013000000000ABAAY"),
        ("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaAAA"),
        ("AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA555"),
    ],
)
def test_the_checksum_spells_the_capitals(short: str, long: str) -> None:
    assert to_18(short) == long
    assert to_18(long) == long


def test_ids_are_distinct_and_sort_in_order_of_birth() -> None:
    ids = [new_id("a0X", number) for number in range(1, 5000)]
    assert ids == sorted(set(ids))
    assert all(is_id(one) and one.startswith("a0X") for one in ids)
