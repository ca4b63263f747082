"""The running application, for request handlers."""

from __future__ import annotations

from fastapi import Request

from isthmus.app import App


def running_app(request: Request) -> App:
    app: App = request.app.state.isthmus
    return app
