"""Refusals as the org words them: an error code, a message, the fields."""

from collections.abc import Sequence


class SalesforceError(Exception):
    def __init__(
        self, code: str, message: str, fields: Sequence[str] | None = None, status: int = 400
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status

    def as_rest(self) -> dict[str, object]:
        body: dict[str, object] = {"message": self.message, "errorCode": self.code}
        return body if self.fields is None else {**body, "fields": list(self.fields)}

    def as_save_result(self) -> dict[str, object]:
        error = {"statusCode": self.code, "message": self.message, "fields": self.fields or []}
        return {"success": False, "errors": [error]}


def validation_failed(message: str, *fields: str) -> SalesforceError:
    """What a validation rule or a package trigger's `addError` answers."""
    return SalesforceError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields)


def not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    return SalesforceError("NOT_FOUND", message, status=404)


def no_such_object(name: str, status: int = 400) -> SalesforceError:
    return SalesforceError(
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object,"
        " be sure to append the '__c' after the entity name. Please reference your WSDL or the"
        " describe call for the appropriate names.",
        status=status,
    )
