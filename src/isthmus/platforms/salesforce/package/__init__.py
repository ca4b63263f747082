"""The custom fields that a customer's org needs, in Salesforce source format.

The folders `objects` and `permissionsets` go into an `sf` project as they are; `package_files`
gives objects and fields to what deploys them another way.
"""

from importlib import resources
from importlib.resources.abc import Traversable


def package_files() -> dict[str, str]:
    """Path under the package folder (`objects/Account/...`) -> content, in order of path."""
    objects = resources.files(__package__).joinpath("objects")
    return dict(sorted(_xml(objects, "objects/")))


def _xml(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _xml(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith("-meta.xml"):
            found.append((prefix + entry.name, entry.read_text("utf-8")))
    return found
