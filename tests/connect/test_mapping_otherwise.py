"""`otherwise` stands in for an empty field, and is validated like any other value."""

from datetime import date

from isthmus.canonical import RateCard
from isthmus.connect.mapping import Mapping, read_record


def test_an_empty_field_reads_as_otherwise_in_the_attributes_own_type() -> None:
    mapping = Mapping.model_validate(
        {
            "object": "Price",
            "attributes": {"effective_from": {"field": "From", "otherwise": "1970-01-01"}},
        }
    )
    read = read_record(RateCard, mapping, {"From": None})
    assert read.attributes == {"effective_from": date(1970, 1, 1)}
    assert read.problems == ()
