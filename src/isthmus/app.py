"""The composition root: binds roles to connectors from the landscape, and alone knows both."""
