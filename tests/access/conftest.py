from tests.flows.conftest import firm

__all__ = ["firm"]
