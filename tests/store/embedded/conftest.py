from collections.abc import Iterator

import pytest
from tests.store.embedded import people
from tests.store.embedded.people import Person


@pytest.fixture(params=["root", "ordinary_user"])
def person(request: pytest.FixtureRequest) -> Iterator[Person]:
    yield from people.root() if request.param == "root" else people.ordinary_user()


@pytest.fixture
def user() -> Iterator[Person]:
    yield from people.ordinary_user()


@pytest.fixture
def root() -> Iterator[Person]:
    yield from people.root()
