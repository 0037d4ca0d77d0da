"""A headless Chromium for the tests of the HTML report: Debian's own, with its driver; nothing is downloaded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
BINARY, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = (
    "" if BINARY and DRIVER else "needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)"
)

# Texts of too little contrast against the nearest opaque background, as [text, ratio] (WCAG 2.2, 1.4.3).
PALE = """
const channels = (color) => color.match(/[\\d.]+/g).map(Number);
const luminance = (color) => {
  const [r, g, b] = channels(color).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if ((channels(color)[3] ?? 1) === 1) return color;
  }
};
const speaks = (e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
const found = [...document.querySelectorAll("body *")].filter((e) => speaks(e) && e.checkVisibility());
const pale = found.map((e) => {
  const style = getComputedStyle(e), size = parseFloat(style.fontSize);
  const both = [luminance(style.color), luminance(behind(e))];
  const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
  return [e.textContent.trim().slice(0, 40), (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05), least];
}).filter(([, ratio, least]) => ratio < least);
return [found.length, pale];
"""
# What reaches beyond the screen and is not inside something that scrolls by itself. A phone widens `innerWidth` for it.
BEYOND = """
const [width] = arguments;
const out = ({ left, right }) => right > width + 0.5 || left < -0.5;
const found = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility()
  && !e.closest(".wide > *") && !e.matches(".skip, .unseen") && out(e.getBoundingClientRect()));
return [document.documentElement.scrollWidth - width, found.map((e) => e.outerHTML.slice(0, 90))];
"""


class Browser:
    """One page at a time, with what a reader's device would have set."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self.width = 0

    def do(self, script: str, *arguments: object) -> Any:
        """Return what a script in the page returns."""
        return self.driver.execute_script(script, *arguments)

    def command(self, name: str, **arguments: object) -> Any:
        """Run a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def screen(self, width: int, height: int = 900) -> None:
        """Set the size of the screen in CSS pixels; a narrow one is a phone's."""
        self.width = width
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def prefer(self, scheme: str = "light", medium: str = "screen") -> None:
        """Set what the reader prefers: a light or dark scheme, screen or print."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media=medium, features=features)

    def pale(self) -> tuple[int, list[Any]]:
        """Return how many texts can be seen, and those that do not stand out enough from what is behind them."""
        found, pale = self.do(PALE)
        return found, pale

    def beyond(self) -> tuple[int, list[str]]:
        """Return by how much the page is wider than the screen, and the elements that reach beyond it."""
        excess, elements = self.do(BEYOND, self.width)
        return excess, elements

    def said(self) -> list[str]:
        """Return the lines of the console since the last call."""
        return [entry["message"] for entry in self._log("browser")]

    def requested(self) -> list[str]:
        """Return the addresses that were asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries


@contextmanager
def browser() -> Iterator[Browser]:
    """Give a browser, and end it with its processes."""
    options = webdriver.ChromeOptions()
    options.binary_location = BINARY or ""
    for flag in (*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
