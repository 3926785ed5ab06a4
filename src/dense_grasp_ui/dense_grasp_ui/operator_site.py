"""The operator's page, put together from its panels."""

from __future__ import annotations

from fastapi import FastAPI, Request
from nicegui import ui

from dense_grasp_ui.access.guard import BROWSER, Guard
from dense_grasp_ui.access.limits import Limits
from dense_grasp_ui.access.rules import AccessRules
from dense_grasp_ui.page_backend import PageBackend
from dense_grasp_ui.panels.browser import Browser
from dense_grasp_ui.panels.camera import camera
from dense_grasp_ui.panels.header import header
from dense_grasp_ui.panels.plan_panel import PlanPanel
from dense_grasp_ui.panels.scan_strip import ScanStrip
from dense_grasp_ui.panels.status import status
from dense_grasp_ui.panels.teach import teach
from dense_grasp_ui.panels.try_panel import try_panel
from dense_grasp_ui.panels.where import where
from dense_grasp_ui.web.routes import add_attempts, add_fit, add_heat, add_live, add_plan, add_scans
from dense_grasp_ui.web.site import HEAD, guarded, make_site

#: s between two updates of what a browser shows beside the pictures.
REFRESH_S = 0.25


def operator_site(backend: PageBackend, rules: AccessRules, limits: Limits) -> Guard:
    """The site behind its guard, as an ASGI application."""

    def build(request: Request) -> None:
        browser = Browser(backend, request.scope[BROWSER])
        ui.add_head_html(HEAD)
        header(browser)
        with ui.element("main").classes("dg-main"):
            with ui.element("div").classes("dg-column"):
                panel = camera(browser)
                strip = ScanStrip(browser, panel)
                status(browser)
            with ui.element("div").classes("dg-column"):
                where(backend.calibration)
                teach(browser, panel, strip)
                try_panel(browser, panel)
                PlanPanel(browser)
        ui.timer(REFRESH_S, browser.refresh)

    def routes(app: FastAPI) -> None:
        add_live(app, backend.cell.layers, backend.cell.show_layer)
        add_fit(app, lambda u, v: backend.cell.opening_at(u, v, backend.opening))
        add_heat(app, backend.cell.pictures, backend.cell.described_for.want, backend.calibration.score)
        add_scans(app, backend.scans, backend.arm.shots)
        add_attempts(app, backend.arm.pictures)
        add_plan(app, backend.arm.plans)

    return guarded(make_site("dense_grasp", build, routes), rules, limits)
