"""Steps of a walk: each is tried, reported, and leaves a picture where it fails."""
import os
import re
import sys
import time
import traceback

from browser import ProtocolError, until
from person import Person


class Walk:
    """What all steps share: the servers, a person at a browser, and where pictures go."""

    # Pages, by the names of their links, with their paths.
    PAGES = {
        "Query": "query", "Members": "members", "Metrics": "metrics-explorer",
        "Cardinality": "cardinality", "Targets": "targets", "Rules": "rules",
        "Alerts": "alerts", "Projects": "projects", "Status": "status",
    }

    def __init__(self, scene, browser, axe, pictures):
        self.scene = scene
        self.browser = browser
        self.axe = axe
        self.pictures = pictures
        self.failures = []
        self.person = None

    def open(self, path, base=None):
        """A new tab of a new visitor, at a page."""
        if self.person:
            self.person.tab.close()
        tab = self.browser.open()
        tab.size(1280, 900)
        tab.theme("light")
        tab.call("Emulation.setTimezoneOverride", timezoneId="UTC")
        tab.go(f"{base or self.scene.base}/{path}")
        self.person = Person(tab)
        self.person.see("heading", ".")
        return self.person

    def visit(self, name):
        """Goes to a page by its link."""
        if self.person is None:
            self.open("")
        self.person.click("link", f"^{name}$")
        self.person.see("heading", f"^{name}$")
        self.settle()
        return self.person

    def settle(self):
        """Waits until nothing says that it is still on its way."""
        until(lambda: self.person.tab.run(
            "!document.querySelector('.loading, [aria-busy=true]')"),
            lambda: f"the page does not finish: {self.person.overview()}", 15)

    def picture(self, name):
        self.person.tab.picture(os.path.join(self.pictures, f"{name}.png"))

    # Claims

    def equal(self, seen, wanted, what):
        if seen != wanted:
            raise AssertionError(f"{what}: the page has {seen!r}, the API {wanted!r}")

    def holds(self, condition, what):
        if not condition:
            raise AssertionError(what)

    def no_faults(self):
        """Fails where the page threw, or was forbidden something by its CSP."""
        faults = self.person.tab.faults()
        self.holds(not faults, "the page complained: " + "; ".join(faults[:5]))

    # Steps

    def try_steps(self, steps, wanted):
        for step in steps:
            name = step.__doc__.strip().split("\n")[0].rstrip(".")
            if wanted and not re.search(wanted, f"{step.__name__} {name}"):
                continue
            began = time.monotonic()
            try:
                step(self)
                self.no_faults()
            except Exception as failure:  # One step that fails does not keep the others from being tried.
                self.failures.append(name)
                print(f"FAILED  {time.monotonic() - began:5.1f} s  {name}\n        {failure}\n        "
                      + self._where(), flush=True)
                self._keep(step.__name__)
            else:
                print(f"ok      {time.monotonic() - began:5.1f} s  {name}", flush=True)

    @staticmethod
    def _where():
        """The line of the step that failed."""
        frames = traceback.extract_tb(sys.exc_info()[2])
        inside = [one for one in frames if os.path.basename(one.filename).startswith("steps_")]
        frame = (inside or frames)[-1]
        return f"at {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}"

    def _keep(self, name):
        try:
            self.picture(f"failed-{name}")
            self.person.tab.faults()
        except (ProtocolError, AttributeError):
            print("        and the browser gives no picture", flush=True)


def short(text):
    """The number of a short text of the page, such as `1.25k` or `850µ`."""
    match = re.fullmatch(r"(-?[\d.]+)([TGMkmµn]?)", text.strip())
    if not match:
        raise AssertionError(f"{text!r} is no number")
    scale = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "": 1, "m": 1e-3, "µ": 1e-6, "n": 1e-9}
    return float(match[1]) * scale[match[2]]


def close_to(one, other, share=1e-3):
    return abs(one - other) <= share * max(abs(one), abs(other), 1e-9)
