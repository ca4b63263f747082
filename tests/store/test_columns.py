"""Lists as the text of an array: each element comes out as it went in."""

import pytest
import sqlalchemy as sa

from isthmus.store.columns import array


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "{}"),
        (["TC-1", "time_entry:7", "a.b"], "{TC-1,time_entry:7,a.b}"),
        (["a,b"], '{"a,b"}'),
        (["a", ""], '{a,""}'),
        (["NULL", "x"], '{"NULL",x}'),
        (['say "no"', "{}", "\\"], '{"say \\"no\\"","{}","\\\\"}'),
    ],
)
def test_an_element_stands_for_itself(values: list[str], text: str) -> None:
    assert array(values, sa.Text()).compile().params == {"param_1": text}
