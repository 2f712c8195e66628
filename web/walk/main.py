"""Walks through the page in a real browser, in front of real servers. Called by scripts/web-walk.

    main.py BROWSER PROMETHEUS TRIBUTARY PAGE AXE [PATTERN]

BROWSER, TRIBUTARY and AXE are files, PROMETHEUS and PAGE directories. PATTERN chooses steps by their
names. Ends with 0 if every step held, with 1 otherwise.
"""
import os
import shutil
import signal
import sys
import time

import steps_access
import steps_pages
import steps_projects
import steps_query
import steps_sources
from axe import Axe
from browser import Browser
from scene import ROOT, Scene
from walk import Walk

# Longer than this is a fault by itself: a step waits for something that does not come.
MOST_SECONDS = 900


def stopped(number, _frame):
    if number == signal.SIGALRM:
        raise TimeoutError(f"the walk took longer than {MOST_SECONDS} s")
    raise KeyboardInterrupt


def main(program, prometheus, tributary, page, axe, wanted=""):
    began = time.monotonic()
    pictures = f"{ROOT}/.build/web-walk"
    shutil.rmtree(pictures, ignore_errors=True)
    os.makedirs(pictures)
    scene = Scene(f"{pictures}/servers", prometheus, tributary, page)
    browser = None
    failures = []
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, stopped)
    signal.alarm(MOST_SECONDS)
    try:
        scene.start()
        browser = Browser(program)
        walk = Walk(scene, browser, Axe(axe), pictures)
        failures = walk.failures
        for steps in (steps_pages, steps_query, steps_projects, steps_sources, steps_access):
            walk.try_steps(steps.STEPS, wanted)
    except KeyboardInterrupt:
        failures.append("it was stopped")
    except Exception as failure:
        failures.append(f"{type(failure).__name__}: {failure}")
        raise
    finally:
        signal.alarm(0)
        if browser:
            browser.close()
        scene.stop()
        # Data of servers that nobody needs to look at.
        if not failures:
            shutil.rmtree(f"{pictures}/servers", ignore_errors=True)
    print(f"\nPictures are in {os.path.relpath(pictures)}; it took {time.monotonic() - began:.0f} s.")
    if failures:
        print(f"{len(failures)} steps failed:", *failures, sep="\n  ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
