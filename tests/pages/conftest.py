"""The real portal with its demo departments as processes, and a browser to use it like a person."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page

from app import create_app
from dev import demo_platform
from sandbox.demo_secrets import ensure_secrets
from tests.pages.client import Visitor
from tests.shared import PATIENCE_MS
from web.wiring import NAME

HOME = Path(__file__).parent.parent.parent
WIDTHS = (1280, 390)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ready(url: str, processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until `url` is answered at all (the sandbox knows no page of its own)."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert all(process.poll() is None for process in processes), "the portal or the sandbox ended while starting"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError as answer:
            if answer.code < 500:
                return
            time.sleep(0.1)
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not become ready")


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running portal in demo mode with the sandbox behind it, a hundred times faster than real."""
    folder = tmp_path_factory.mktemp("portal")
    port, sandbox_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("YJS_")},
        "YJS_ENV": "demo", "YJS_DATA": str(folder / "data"), "YJS_KEYS": str(folder / "keys" / "keys"),
        "YJS_SECRETS": str(folder / "keys"), "YJS_DEPARTMENTS": str(HOME / "sandbox" / "departments.yaml"),
        "PORT": str(port), "YJS_PUBLIC_URL": url, "YJS_SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
        **demo_platform(f"http://127.0.0.1:{sandbox_port}", folder / "keys"),
    }
    (folder / "keys").mkdir(mode=0o700)
    (folder / "data").mkdir(mode=0o700)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command, address in ((("flask", "sandbox", "--speed", "100"), f"{environment['YJS_SANDBOX_URL']}/"),
                                 (("web.serve",), f"{url}/readyz")):
            processes.append(subprocess.Popen([sys.executable, "-m", *command], cwd=HOME, env=environment))
            _ready(address, processes)
        yield url
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def width(request: pytest.FixtureRequest) -> int:
    """A desktop's and a phone's width."""
    return int(request.param)


@pytest.fixture
def context(browser: Browser, portal: str) -> Iterator[BrowserContext]:
    """A fresh visitor; anything the browser refuses or cannot load fails the test."""
    found = browser.new_context(base_url=portal, viewport={"width": 1280, "height": 900}, locale="zh-CN")
    found.set_default_timeout(PATIENCE_MS)
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page of that visitor; console errors (refused styles, scripts, missing files) fail the test."""
    complaints: list[str] = []
    found = context.new_page()
    found.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    assert [text for text in complaints if "422" not in text and "404" not in text] == []


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application in this process with the shipped definitions and the demo departments, which it never calls."""
    folder = tmp_path_factory.mktemp("inside")
    departments = HOME / "sandbox" / "departments.yaml"
    (folder / "keys").mkdir(mode=0o700)
    ensure_secrets(departments, folder / "keys")
    made = create_app({"YJS_ENV": "test", "YJS_DATA": str(folder / "data"), "YJS_KEYS": str(folder / "keys" / "keys"),
                       "YJS_SECRETS": str(folder / "keys"), "YJS_DEPARTMENTS": str(departments)})
    yield made
    made.extensions[NAME].close()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody who has just come."""
    return Visitor(app)
