# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven over a pipe by the DevTools protocol: no port, no driver package.

    with Browser() as browser:
        page = browser.open(path, width=600, dark=True)
        page.evaluate("document.title")
        page.screenshot("page.png")
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
]


def find():
    """Path of the browser, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class BrowserError(Exception):
    """The browser did not do as told."""


class Browser:
    """One process; pages are opened one after the other."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="bulkhead-chromium-")
        self.number = 0
        self.events = []
        self.buffer = b""
        to_child, self.writer = os.pipe()
        self.reader, from_child = os.pipe()
        # The protocol is spoken on the descriptors 3 and 4, whatever those are here.
        command = ["bash", "-c", f'exec 3<&{to_child} 4>&{from_child}; exec "$@"', "browser",
                   find() or "chromium", *OPTIONS, f"--user-data-dir={self.profile.name}",
                   "about:blank"]
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, pass_fds=(to_child, from_child), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_child)
        os.close(from_child)

    def __enter__(self):
        return self

    def __exit__(self, *_details):
        self.close()

    def close(self):
        """End the process with all of its helpers."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
                self.process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        os.close(self.writer)
        os.close(self.reader)
        self.profile.cleanup()

    def receive(self):
        """The next message."""
        while b"\0" not in self.buffer:
            chunk = os.read(self.reader, 1 << 16)
            if not chunk:
                raise BrowserError("Chromium has ended")
            self.buffer += chunk
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        """Result of a command."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method, session):
        """The next event of the kind, perhaps one that came in before."""
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self.receive())

    def open(self, path, width=1280, height=900, dark=False, media=""):
        """A page that has loaded."""
        return Page(self, Path(path).resolve(), (width, height), dark, media)


class Page:
    """A page in a window of the given size."""

    def __init__(self, browser, path, size, dark, media):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target,
                                    flatten=True)["sessionId"]
        self.size = size
        self.call("Page.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                  deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url=path.as_uri())
        browser.wait("Page.loadEventFired", self.session)

    def call(self, method, **parameters):
        """Result of a command for this page."""
        return self.browser.call(method, self.session, **parameters)

    def evaluate(self, expression):
        """Value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise BrowserError(json.dumps(result["exceptionDetails"])[:2000])
        return result["result"].get("value")

    def screenshot(self, path, most=12000):
        """The whole page, at most so many pixels of its height."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": self.size[0], "height": min(size["height"], most),
                "scale": 1}
        data = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def pdf(self, path, most=12):
        """The first pages of what would be printed; hundreds of them take minutes."""
        data = self.call("Page.printToPDF", preferCSSPageSize=True, pageRanges=f"1-{most}")["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        """Close it."""
        self.browser.call("Target.closeTarget", targetId=self.target)
