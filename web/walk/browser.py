"""A Chromium without a window, spoken to over the two pipes of its DevTools protocol.

Messages are JSON that ends with a NUL. Standard library only.
"""
import base64
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time


class ProtocolError(Exception):
    """What the browser refused, or that it is gone."""


class Browser:
    """A browser process and its connection. One thread reads; calls wait for their answer."""

    ARGUMENTS = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
        "--disable-dev-shm-usage", "--disable-extensions", "--mute-audio", "--lang=en-US",
        "--force-color-profile=srgb", "--remote-debugging-pipe", "--no-proxy-server",
    ]

    def __init__(self, program, patience=60):
        self.home = tempfile.mkdtemp(prefix="web-walk-")
        self.patience = patience
        theirs_in, out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._out = os.fdopen(out, "wb")
        # The browser reads descriptor 3 and writes 4.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "browser", program,
             *self.ARGUMENTS, f"--user-data-dir={self.home}", "about:blank"],
            pass_fds=(theirs_in, theirs_out), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._number = 0
        self._answers = {}
        self._listeners = {}
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        rest = b""
        while True:
            try:
                piece = os.read(self._in, 1 << 20)
            except OSError:
                piece = b""
            if not piece:
                break
            *messages, rest = (rest + piece).split(b"\0")
            for message in messages:
                self._take(json.loads(message))
        with self._lock:
            for waiting in self._answers.values():
                waiting.put({"error": {"message": "the browser is gone"}})

    def _take(self, message):
        if "id" in message:
            with self._lock:
                waiting = self._answers.pop(message["id"], None)
            if waiting:
                waiting.put(message)
        else:
            listener = self._listeners.get(message.get("sessionId"))
            if listener:
                listener(message["method"], message["params"])

    def listen(self, session, listener):
        self._listeners[session] = listener

    def call(self, method, session=None, patience=None, **parameters):
        """The result of one command, for which one waits some seconds."""
        waiting = queue.Queue()
        with self._lock:
            self._number += 1
            number = self._number
            self._answers[number] = waiting
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        try:
            self._out.write(json.dumps(message).encode() + b"\0")
            self._out.flush()
            answer = waiting.get(timeout=patience or self.patience)
        except (OSError, queue.Empty):
            raise ProtocolError(f"{method}: no answer from the browser") from None
        if "error" in answer:
            raise ProtocolError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def open(self):
        """A new tab, with a profile of its own: no cookie and no storage of another."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call(
            "Target.createTarget", url="about:blank", browserContextId=context,
            width=1280, height=900)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Tab(self, session, target, context)

    def close(self):
        try:
            self.call("Browser.close")
        except ProtocolError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._reader.join(5)
        os.close(self._in)
        self._out.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Tab:
    """One tab: pages, scripts, keys, the mouse, pictures, and what the page complained of."""

    def __init__(self, browser, session, target, context):
        self.browser = browser
        self.session = session
        self.target = target
        self.context = context
        self.complaints = []
        self.expected = []
        browser.listen(session, self._hear)
        for domain in ("Page", "Runtime", "Log", "DOM", "Accessibility", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, patience=None, **parameters):
        return self.browser.call(method, self.session, patience, **parameters)

    # What the page says in its console is a fault of the page, unless a step expects it.

    def _hear(self, method, event):
        if method == "Runtime.exceptionThrown":
            details = event["exceptionDetails"]
            text = details.get("exception", {}).get("description") or details["text"]
            self.complaints.append(f"exception: {text}")
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "assert"):
            words = [str(part.get("value", part.get("description", "")))
                     for part in event["args"]]
            self.complaints.append(f"console: {' '.join(words)}")
        elif method == "Log.entryAdded" and event["entry"]["level"] == "error":
            entry = event["entry"]
            frames = entry.get("stackTrace", {}).get("callFrames", [])
            where = "".join(f" {one['functionName']}:{one['lineNumber']}:{one['columnNumber']}"
                            for one in frames[:4])
            self.complaints.append(
                f"{entry['source']}: {entry['text']} {entry.get('url', '')}{where}")

    def expect(self, pattern):
        """Complaints that contain the text are no fault from here on, such as a refused request."""
        self.expected.append(pattern)

    def faults(self):
        """What the page complained of since the last call, without what was expected."""
        new, self.complaints = self.complaints, []
        return [text for text in new if not any(part in text for part in self.expected)]

    # Pages and scripts

    def go(self, url):
        result = self.call("Page.navigate", url=url)
        if result.get("errorText"):
            raise ProtocolError(f"{url}: {result['errorText']}")

    def run(self, expression):
        """The value of an expression, awaited if it is a promise."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise ProtocolError(
                details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def call_on(self, node, function, *arguments):
        """Calls a function with the node of the document as `this`."""
        object_id = self.call("DOM.resolveNode", backendNodeId=node)["object"]["objectId"]
        answer = self.call(
            "Runtime.callFunctionOn", functionDeclaration=function, objectId=object_id,
            arguments=[{"value": value} for value in arguments], awaitPromise=True,
            returnByValue=True)
        if "exceptionDetails" in answer:
            raise ProtocolError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    # The reader's circumstances

    def size(self, width, height, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=phone)

    def theme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    # Hands

    def click_at(self, x, y, modifiers=0, count=1):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                      clickCount=count, modifiers=modifiers)

    def type(self, text):
        self.call("Input.insertText", text=text)

    KEYS = {
        "Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, ""), "Backspace": (8, ""),
        "ArrowUp": (38, ""), "ArrowDown": (40, ""), "ArrowLeft": (37, ""),
        "ArrowRight": (39, ""), "Space": (32, " "), "Home": (36, ""), "End": (35, ""),
    }
    MODIFIERS = {"Alt": 1, "Ctrl": 2, "Meta": 4, "Shift": 8}

    def key(self, name):
        """Presses one key, such as `Enter`, `a`, `?` or `Ctrl+Enter`."""
        *held, key = name.split("+") if len(name) > 1 else [name]
        modifiers = sum(self.MODIFIERS[one] for one in held)
        code, text = self.KEYS.get(key, (ord(key[0].upper()), key))
        key = " " if key == "Space" else key
        if modifiers & ~8:
            text = ""
        event = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        if text:
            self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        else:
            self.call("Input.dispatchKeyEvent", type="rawKeyDown", **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    # Pictures

    def picture(self, path, whole=False):
        """Writes what is seen, or the whole page, as PNG."""
        result = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(result["data"]))

    def close(self):
        # Its connections and processes end with it.
        self.browser.listen(self.session, None)
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)


def until(condition, what, patience=15.0):
    """Waits for a condition, and gives its value; fails with what was waited for."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            said = what() if callable(what) else what
            raise TimeoutError(said)
        time.sleep(0.05)
