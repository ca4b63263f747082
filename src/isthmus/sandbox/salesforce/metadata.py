"""Deploys metadata in Salesforce source format: custom fields and custom objects."""

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.schema import Field, SObject, new_object

DEPLOYED = "_metadata"
NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
_FIELD_FILE = re.compile(r"(?:.*/)?objects/(\w+)/fields/(\w+)\.field-meta\.xml")
_OBJECT_FILE = re.compile(r"(?:.*/)?objects/(\w+)/\1\.object-meta\.xml")
_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Date": "date",
    "DateTime": "datetime",
    "Checkbox": "boolean",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
    "MasterDetail": "reference",
    "AutoNumber": "string",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
}
_LENGTHS = {"TextArea": 255, "Email": 80, "Phone": 40, "Url": 255}
_KEY_TYPES = ("Text", "Number", "Email", "AutoNumber")


class DeployFailed(Exception):
    def __init__(self, file_name: str, problem: str) -> None:
        super().__init__(f"{file_name}: {problem}")
        self.file_name = file_name
        self.problem = problem


def deploy(org: Org, files: dict[str, str]) -> list[str]:
    """All files or none; objects before fields. Returns the names of what was deployed."""
    ordered = sorted(files, key=lambda name: (_OBJECT_FILE.fullmatch(name) is None, name))
    parsed = [(name, _parsed(name, files[name])) for name in ordered]
    _check_parents(org, parsed)
    added = [_apply(org, name, root) for name, root in parsed]
    with org.all_or_nothing():
        for name in ordered:
            org.store.put(DEPLOYED, name, {"file": name, "xml": files[name]})
    org.index_schema()
    return added


def redeploy(org: Org) -> None:
    """What earlier runs deployed, in the order of their first deployment."""
    for row in org.store.all(DEPLOYED):
        _apply(org, row["file"], _parsed(row["file"], row["xml"]))
    org.index_schema()


def _parsed(file_name: str, text: str) -> Element:
    try:
        root: Element = ElementTree.fromstring(text.encode())
    except (ParseError, DefusedXmlException) as error:
        raise DeployFailed(file_name, f"Error parsing file: {error}") from None
    wanted = "CustomObject" if _OBJECT_FILE.fullmatch(file_name) else "CustomField"
    if not (_OBJECT_FILE.fullmatch(file_name) or _FIELD_FILE.fullmatch(file_name)):
        raise DeployFailed(
            file_name,
            "Only objects/<Object>/fields/*.field-meta.xml and"
            " objects/<Object>/<Object>.object-meta.xml can be deployed",
        )
    if root.tag != NAMESPACE + wanted:
        raise DeployFailed(file_name, f"The root element must be {wanted} in {NAMESPACE[1:-1]}")
    if wanted == "CustomField":
        _field(file_name, root)
    return root


def _check_parents(org: Org, parsed: list[tuple[str, Element]]) -> None:
    coming = {match[1] for name, _ in parsed if (match := _OBJECT_FILE.fullmatch(name))}
    for name, root in parsed:
        match = _FIELD_FILE.fullmatch(name)
        target = _text(root, "referenceTo")
        for wanted in ([match[1]] if match else []) + ([target] if target else []):
            if wanted not in coming and org.schema.find(wanted) is None:
                raise DeployFailed(
                    name, f"Entity of type CustomObject named {wanted} cannot be found"
                )


def _apply(org: Org, file_name: str, root: Element) -> str:
    if match := _OBJECT_FILE.fullmatch(file_name):
        _add_object(org, match[1], root)
        return match[1]
    match = _FIELD_FILE.fullmatch(file_name)
    if match is None:
        raise DeployFailed(file_name, "not a field")
    made = _field(file_name, root)
    org.schema.get(match[1]).add(made)
    return f"{match[1]}.{made.name}"


def _add_object(org: Org, name: str, root: Element) -> None:
    if org.schema.find(name) is not None:
        return
    label = _text(root, "label") or name
    plural = _text(root, "pluralLabel") or label
    sobject: SObject = new_object(name, label, plural, org.schema.next_prefix(), has_currency=True)
    sobject.add(
        Field(
            "OwnerId",
            "Owner ID",
            "reference",
            reference_to="User",
            relationship_name="Owner",
            owner=True,
        )
    )
    naming = root.find(f"{NAMESPACE}nameField")
    is_numbered = naming is not None and _text(naming, "type") == "AutoNumber"
    shown = naming if naming is not None else root
    sobject.add(
        Field(
            "Name",
            _text(shown, "label") or "Name",
            "string",
            length=80,
            auto_number=(_text(shown, "displayFormat") or "{0}") if is_numbered else "",
        )
    )
    org.schema.add(sobject)


def _field(file_name: str, root: Element) -> Field:
    name, kind = _text(root, "fullName"), _text(root, "type")
    expected = _FIELD_FILE.fullmatch(file_name)
    if not name.endswith("__c") or expected is None or expected[2] != name:
        raise DeployFailed(file_name, "fullName must end in __c and equal the file's name")
    if kind not in _TYPES:
        raise DeployFailed(file_name, f"type {kind!r} is not one of {', '.join(sorted(_TYPES))}")
    if root.find(f"{NAMESPACE}formula") is not None:
        raise DeployFailed(file_name, "formula fields are not simulated")
    is_key = _flag(root, "externalId") or _flag(root, "unique")
    if is_key and kind not in _KEY_TYPES:
        raise DeployFailed(file_name, f"a {kind} field cannot be an External ID or Unique")
    is_detail = kind == "MasterDetail"
    reference = _text(root, "referenceTo")
    children = _text(root, "relationshipName")
    if kind in ("Lookup", "MasterDetail") and not reference:
        raise DeployFailed(file_name, "referenceTo is required")
    return Field(
        name=name,
        label=_text(root, "label") or name,
        type=_TYPES[kind],
        length=_length(file_name, root, kind),
        precision=_number(file_name, root, "precision", kind),
        scale=_number(file_name, root, "scale", kind),
        required=_flag(root, "required") or is_detail,
        unique=_flag(root, "unique"),
        external_id=_flag(root, "externalId"),
        case_sensitive=_flag(root, "caseSensitive"),
        create_only=is_detail,
        cascade=is_detail,
        restricted=_is_restricted(root),
        values=_values(root),
        reference_to=reference,
        relationship_name=f"{name[:-1]}r" if reference else "",
        child_relationship_name=f"{children}__r" if children else "",
        auto_number=(_text(root, "displayFormat") or "{0}") if kind == "AutoNumber" else "",
        default=_text(root, "defaultValue") == "true" if kind == "Checkbox" else None,
    )


def _length(file_name: str, root: Element, kind: str) -> int:
    if kind in ("Text", "LongTextArea"):
        return _number(file_name, root, "length", "Number")
    return _LENGTHS.get(kind, 0)


def _number(file_name: str, root: Element, name: str, kind: str) -> int:
    """Precision and scale have no default in a metadata file."""
    if kind not in ("Number", "Currency", "Percent"):
        return 0
    text = _text(root, name)
    if not text.isdigit():
        raise DeployFailed(file_name, f"Must specify '{name}' for a CustomField of this type")
    return int(text)


def _is_restricted(root: Element) -> bool:
    return root.findtext(f"{NAMESPACE}valueSet/{NAMESPACE}restricted", "").strip() == "true"


def _values(root: Element) -> tuple[str, ...]:
    path = "/".join(NAMESPACE + step for step in ("valueSet", "valueSetDefinition", "value"))
    return tuple(_text(value, "fullName") for value in root.findall(path))


def _text(root: Element, name: str) -> str:
    return (root.findtext(NAMESPACE + name) or "").strip()


def _flag(root: Element, name: str) -> bool:
    return _text(root, name) == "true"
