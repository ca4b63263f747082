"""A real Tryton server: another process, from PyPI, driven over its command line and JSON-RPC.

Tryton is GPL: nothing of it is imported here or shipped with us.
"""

from isthmus.sandbox.tryton.bookkeeping import pay, set_period
from isthmus.sandbox.tryton.proxy import Proxy, proxy
from isthmus.sandbox.tryton.rpc import Rpc, RpcError
from isthmus.sandbox.tryton.seed import PASSWORDS, Company, Ids
from isthmus.sandbox.tryton.server import Storage, TrytonServer, opened, running
from isthmus.sandbox.tryton.shelf import NotInstallable, Shelf

__all__ = [
    "PASSWORDS", "Company", "Ids", "NotInstallable", "Proxy", "Rpc", "RpcError", "Shelf", "Storage",
    "TrytonServer", "opened", "pay", "proxy", "running", "set_period",
]  # fmt: skip
