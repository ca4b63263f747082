"""A Kafka cluster in this process: the mock brokers of librdkafka, on loopback ports.

They speak Kafka's protocol and keep what they are sent, but are not Apache Kafka: no log-in, no
TLS, no rights, no largest size, nothing on disk, and what an idempotent producer sends again is
kept twice. What starts and stops them and has them refuse is declared in `rdkafka_mock.h`; the
Python client does not offer it, so its library is called as C.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

PRODUCE, METADATA, INIT_PRODUCER_ID = 0, 3, 22
"""Kinds of requests: https://kafka.apache.org/protocol#protocol_api_keys."""
DISCONNECT = -195
"""In place of an error of Kafka's: the broker hangs up instead of answering."""
EVERY_BROKER = -1
_PRODUCER = 0
_POINTER, _INT, _TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p


@cache
def _library() -> ctypes.CDLL:
    """Skips where the wheel, or the library in it, is not there."""
    package = find_spec("confluent_kafka")
    if package is None or package.origin is None:
        pytest.skip("confluent-kafka, which has a Kafka cluster for tests in it, is not installed")
    inside = Path(package.origin).parent
    beside = (inside.with_name("confluent_kafka.libs"), inside / ".dylibs")
    found = [file for folder in beside for file in folder.glob("librdkafka*")]
    if not found:
        pytest.skip("confluent-kafka was installed without its own librdkafka")
    return _declared(ctypes.CDLL(str(found[0])))


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, result, arguments in (
        ("new", _POINTER, (_INT, _POINTER, _TEXT, ctypes.c_size_t)),
        ("destroy", None, (_POINTER,)),
        ("mock_cluster_new", _POINTER, (_POINTER, _INT)),
        ("mock_cluster_destroy", None, (_POINTER,)),
        ("mock_cluster_bootstraps", _TEXT, (_POINTER,)),
        ("mock_topic_create", _INT, (_POINTER, _TEXT, _INT, _INT)),
        ("mock_topic_set_error", None, (_POINTER, _TEXT, _INT)),
        ("mock_broker_set_down", _INT, (_POINTER, ctypes.c_int32)),
        ("mock_broker_set_up", _INT, (_POINTER, ctypes.c_int32)),
        ("mock_broker_set_rtt", _INT, (_POINTER, ctypes.c_int32, _INT)),
        ("mock_partition_set_leader", _INT, (_POINTER, _TEXT, ctypes.c_int32, ctypes.c_int32)),
        ("mock_push_request_errors_array", None,
         (_POINTER, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(_INT))),
    ):  # fmt: skip
        function = getattr(library, f"rd_kafka_{name}")
        function.restype, function.argtypes = result, arguments
    return library


class MockCluster:
    """`url` names every broker. It can be cut off and mended, as a line to a real one."""

    def __init__(self, library: ctypes.CDLL, cluster: int) -> None:
        self._library, self._cluster = library, cluster
        self.servers: str = library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
        self.url = f"kafka://{self.servers}"

    def make_topic(self, name: str, *, partitions: int) -> None:
        made = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        assert made == 0

    def hide_topic(self, name: str, error: int) -> None:
        """Asked about this topic, the brokers answer with an error of Kafka's; 0 ends it."""
        self._library.rd_kafka_mock_topic_set_error(self._cluster, name.encode(), error)

    def lead(self, topic: str, partition: int, broker: int) -> None:
        led = self._library.rd_kafka_mock_partition_set_leader(
            self._cluster, topic.encode(), partition, broker
        )
        assert led == 0

    def answer_next(self, request: int, *errors: int) -> None:
        """The next requests of this kind are not carried out but answered with these errors."""
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, request, len(errors), (_INT * len(errors))(*errors)
        )

    def answer_after(self, seconds: float) -> None:
        self._library.rd_kafka_mock_broker_set_rtt(self._cluster, EVERY_BROKER, int(seconds * 1000))

    def cut(self) -> None:
        self._library.rd_kafka_mock_broker_set_down(self._cluster, EVERY_BROKER)

    def mend(self) -> None:
        self._library.rd_kafka_mock_broker_set_up(self._cluster, EVERY_BROKER)


@contextmanager
def mock_cluster(brokers: int = 2) -> Iterator[MockCluster]:
    library = _library()
    handle = library.rd_kafka_new(_PRODUCER, None, None, 0)
    cluster = library.rd_kafka_mock_cluster_new(handle, brokers)
    try:
        yield MockCluster(library, cluster)
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(handle)
