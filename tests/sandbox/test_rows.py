import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from isthmus.sandbox.rows import RowStore


def _put_then_fail(store: RowStore, object_name: str, key: str) -> None:
    with store.transaction():
        store.put(object_name, key, {"ok": False})
        raise RuntimeError


def test_a_failed_transaction_leaves_rows_indexes_and_sequences_as_they_were() -> None:
    store = RowStore()
    store.index("invoice", "number")
    store.put("invoice", "1", {"number": "A", "total": Decimal("10.10")})
    first = store.next("invoice")

    def change_then_fail() -> None:
        with store.transaction():
            store.put("invoice", "1", {"number": "B", "total": Decimal(0)})
            store.put("invoice", "2", {"number": "C", "total": Decimal(0)})
            store.next("invoice")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_then_fail()
    assert store.all("invoice") == [{"number": "A", "total": Decimal("10.10")}]
    assert store.find("invoice", "number", "A") == store.all("invoice")
    assert store.find("invoice", "number", "B") == []
    assert store.next("invoice") == first + 1


def test_a_nested_failure_undoes_only_its_own_part() -> None:
    store = RowStore()
    with store.transaction():
        store.put("line", "1", {"ok": True})
        with pytest.raises(RuntimeError):
            _put_then_fail(store, "line", "2")
    assert store.keys("line") == ["1"]


def test_the_index_follows_an_update_and_a_delete() -> None:
    store = RowStore()
    store.index("customer", "code", fold=str.casefold)
    store.put("customer", "1", {"code": "Acme"})
    store.put("customer", "1", {"code": "Beta"})
    assert store.find("customer", "code", "ACME") == []
    assert store.find("customer", "code", "BETA") == [{"code": "Beta"}]
    store.delete("customer", "1")
    assert store.find("customer", "code", "beta") == []


def test_reopening_finds_the_committed_rows_exactly(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    store = RowStore(path)
    store.put("rate", "r", {"rate": Decimal("0.10"), "hours": 7, "note": None, "on": True})
    store.next("rate", start=1000)
    with pytest.raises(RuntimeError):
        _put_then_fail(store, "rate", "never")
    store.close()
    reopened = RowStore(path)
    assert reopened.all("rate") == [{"rate": Decimal("0.10"), "hours": 7, "note": None, "on": True}]
    assert str(reopened.all("rate")[0]["rate"]) == "0.10"
    assert reopened.next("rate") == 1001
    reopened.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from isthmus.sandbox.rows import RowStore
store = RowStore(Path(sys.argv[1]))
store.put("event", "kept", {"n": 1})
with store.transaction():
    store.put("event", "lost", {"n": 2})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_keeps_what_was_committed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    store = RowStore(path)
    assert store.keys("event") == ["kept"]
    store.close()
