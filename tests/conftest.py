import pytest

from tests.tryton_server.fixtures import tryton

__all__ = ["tryton"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
