"""The browser of the tests: the system's Chromium, led by Playwright, with the network cut."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Debian's name for Chromium first; the others are what other systems, and Chrome's own packages, call it.
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)
LOCAL = ("localhost", "127.0.0.1", "[::1]")
CHROMIUM = next(filter(None, map(shutil.which, COMMANDS)), None) or next(filter(os.path.exists, PLACES), None)


def explain_missing() -> str:
    """Return what a browser test needs and this machine lacks, with the remedy; an empty text when all is there."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed; it comes with the extra `test`: make setup"
    if CHROMIUM is None:
        return f"no Chromium: none of {', '.join(COMMANDS)} is on the search path; apt install chromium"
    return ""


# The mark is for pytest's selection, the other one says why a test was left out.
MARKS = [pytest.mark.browser, pytest.mark.skipif(bool(explain_missing()), reason=explain_missing())]


@contextmanager
def open_browser() -> Iterator["Browser"]:
    """Start Chromium and end it; it is never downloaded."""
    from playwright.sync_api import sync_playwright

    # Chromium's sandbox does not start for root, nor in most containers; these tests open our own pages alone.
    options = ["--no-sandbox", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_tab(browser: "Browser", *, width: int, height: int = 800) -> Iterator["Page"]:
    """Open a tab of a person who was never here; what it asks of the network is refused and recorded.

    Parameters
    ----------
    browser : playwright.sync_api.Browser
        See `open_browser`.
    width, height : int
        Of the window, in CSS pixels.

    Yields
    ------
    playwright.sync_api.Page
        With two more attributes: ``asked_for``, addresses outside this machine that it tried to load, and
        ``complaints``, what the console reported as an error.
    """
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(90_000)  # milliseconds; other tests run beside these
    page = context.new_page()
    page.asked_for, page.complaints = [], []

    def decide(route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme not in ("http", "https", "ws", "wss") or address.hostname in LOCAL:
            route.continue_()
        else:
            page.asked_for.append(route.request.url)
            route.abort()

    def note(said) -> None:
        if said.type == "error":
            page.complaints.append(f"{said.text} ({said.location.get('url')})")

    context.route("**/*", decide)
    page.on("console", note)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    try:
        yield page
    finally:
        context.close()


def take_picture(page: "Page", name: str) -> None:
    """Save what the window shows, where the environment variable LABKIT_PICTURES names a folder for it."""
    folder = os.environ.get("LABKIT_PICTURES")
    if folder:
        page.screenshot(path=Path(folder, f"{name}.png"))
