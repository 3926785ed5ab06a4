"""Puts the site together: FastAPI with the pictures, NiceGUI with the page, and the guard in front of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from nicegui import core, ui

from dense_grasp_ui.access.guard import Guard
from dense_grasp_ui.access.limits import Limits
from dense_grasp_ui.access.messages import is_own_message
from dense_grasp_ui.access.rules import AccessRules
from dense_grasp_ui.web.routes import add_static

NICEGUI_SOCKET = "/_nicegui_ws"
HEAD = '<link rel="stylesheet" href="/assets/page.css"><script type="module" src="/assets/page.js"></script>'


def make_site(title: str, build: Callable[..., Any], routes: Callable[[FastAPI], None]) -> FastAPI:
    """The application without its guard. build: fills the page for one browser, and may take the request; routes: adds
    pictures.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_static(app)
    routes(app)
    ui.page("/", title=title)(build)
    # Its fallback to plain HTTP carries no Origin, and its own check of Origin lets everybody pass by default.
    core.app.config.socket_io_js_transports = ["websocket"]
    core.sio.eio.cors_allowed_origins = None
    core.sio.eio.max_http_buffer_size = Limits().message_bytes
    ui.run_with(
        app,
        title=title,
        binding_refresh_interval=None,
        tailwind=False,
        # A page whose connection was gone for longer loads itself anew and has forgotten what was typed. Who holds
        # control is another matter: see Control.
        reconnect_timeout=60.0,
        show_welcome_message=False,
        message_history_length=200,
    )
    return app


def guarded(app: FastAPI, rules: AccessRules, limits: Limits) -> Guard:
    """The application behind its guard."""
    return Guard(app, rules, limits, websocket_only=(NICEGUI_SOCKET,), is_own=is_own_message)
