"""What a person does with a page: looks for a control by what it is and what it is called, and uses
it. Controls are found in the accessibility tree, so that one without a name cannot be found.
"""
import re

from browser import ProtocolError, until

FIELDS = ("textbox", "searchbox", "spinbutton", "combobox")


class Person:
    def __init__(self, tab):
        self.tab = tab

    # Looking

    def find(self, role, name=None, within=None):
        """Nodes of a role whose name matches the expression, in the order of the page."""
        root = within
        if root is None:
            document = self.tab.call("DOM.getDocument", depth=0)["root"]
            root = document["backendNodeId"]
        # Of a page that is being left there is no answer.
        nodes = self.tab.call(
            "Accessibility.queryAXTree", patience=5, backendNodeId=root, role=role)["nodes"]
        found = []
        for node in nodes:
            if node.get("ignored") or "backendDOMNodeId" not in node:
                continue
            said = node.get("name", {}).get("value", "")
            if name is None or re.search(name, said):
                found.append(node["backendDOMNodeId"])
        return found

    def see(self, role, name=None, within=None, patience=15.0):
        """Waits until there is one."""
        def look():
            try:
                return self.find(role, name, within)
            except ProtocolError:
                # The page changed meanwhile.
                return []
        what = f"a {role}" + (f" named {name!r}" if name else "")
        return until(look, lambda: f"{what} is not there, but: {self.overview()}", patience)[0]

    def gone(self, role, name=None, patience=15.0):
        until(lambda: not self.find(role, name), f"the {role} {name!r} is still there", patience)

    def overview(self):
        """The beginning of what the page says, for messages."""
        return " / ".join(self.text().split("\n"))[:600]

    def text(self):
        """All that is seen of the page."""
        return self.tab.run("document.body ? document.body.innerText : ''")

    def reads(self, pattern, patience=15.0):
        """Waits until the page says something that matches."""
        return until(
            lambda: re.search(pattern, self.text()),
            lambda: f"the page does not say {pattern!r}, but: {self.overview()}", patience)

    def text_of(self, node):
        return self.tab.call_on(node, "function () { return this.innerText ?? this.textContent; }")

    def value_of(self, node):
        return self.tab.call_on(node, "function () { return this.value ?? this.textContent; }")

    def is_disabled(self, node):
        return self.tab.call_on(
            node,
            "function () { return this.matches(':disabled, [aria-disabled=true]'); }")

    def rows(self, table):
        """The texts of a table's cells, row by row, the head included."""
        return self.tab.call_on(
            table,
            "function () { return [...this.querySelectorAll('tr')].map("
            "row => [...row.children].map(cell => cell.innerText.trim())); }")

    def _row_texts(self):
        return self.tab.run(
            "[...document.querySelectorAll('tr')].map("
            "row => row.innerText.replace(/\\s+/g, ' '))")

    def see_row(self, pattern, patience=15.0):
        """Waits for a row of a table whose cells, one after the other, match."""
        until(lambda: any(re.search(pattern, one) for one in self._row_texts()),
              lambda: f"no row {pattern!r}, but: {self._row_texts()[:20]}", patience)

    def row_gone(self, pattern):
        until(lambda: not any(re.search(pattern, one) for one in self._row_texts()),
              f"the row {pattern!r} is still there")

    def path(self):
        return self.tab.run("location.pathname + location.search")

    # Using

    def click(self, role, name=None, within=None, modifiers=0, patience=15.0):
        """Clicks on the middle of a control, where it can be seen and nothing covers it."""
        def try_it():
            node = self.see(role, name, within, patience)
            try:
                return self._click(node, modifiers)
            except ProtocolError:
                return None
        what = f"the {role} {name!r} cannot be clicked: it is covered, or has no size"
        return until(try_it, what, patience)

    def _click(self, node, modifiers):
        self.tab.call("DOM.scrollIntoViewIfNeeded", backendNodeId=node)
        x, y = self._middle(node)
        uncovered = self.tab.call_on(
            node,
            "function (x, y) {"
            "  const top = document.elementFromPoint(x, y);"
            "  return !!top && (this.contains(top) || top.contains(this) ||"
            "    [...(this.labels ?? [])].some(label => label.contains(top)));"
            "}", x, y)
        if not uncovered:
            return None
        self.tab.click_at(x, y, modifiers)
        return node

    def _middle(self, node):
        quads = self.tab.call("DOM.getContentQuads", backendNodeId=node)["quads"]
        if not quads:
            raise ProtocolError("it has no size")
        quad = quads[0]
        return sum(quad[0::2]) / 4, sum(quad[1::2]) / 4

    def fill(self, name, text, within=None):
        """Replaces what a field holds, as typing does."""
        def try_it():
            # What is typed may be drawn anew just now.
            try:
                for role in FIELDS:
                    for node in self.find(role, name, within)[:1]:
                        return self._click(node, 0) and node
            except ProtocolError:
                return None
            return None
        node = until(try_it, lambda: f"no field {name!r} to type into, but: {self.overview()}")
        self.tab.key("Ctrl+a")
        self.tab.call_on(node, "function () { this.select?.(); }")
        if text:
            self.tab.type(text)
        else:
            self.tab.key("Backspace")
        return node

    def choose(self, name, option, within=None):
        """Chooses in a list of choices; the list itself is drawn by the system."""
        node = self.see("combobox", name, within)
        chosen = self.tab.call_on(
            node,
            "function (text) {"
            "  const option = [...this.options].find(one => one.text.trim() === text"
            "    || one.value === text);"
            "  if (!option) return false;"
            "  this.value = option.value;"
            "  this.dispatchEvent(new Event('input', {bubbles: true}));"
            "  this.dispatchEvent(new Event('change', {bubbles: true}));"
            "  return true;"
            "}", option)
        if not chosen:
            raise AssertionError(f"the list {name!r} has no choice {option!r}")
        return node

    def focused(self):
        """The name and the role of what has the keyboard, as a screen reader says it."""
        node = self.tab.call("Runtime.evaluate", expression="document.activeElement")["result"]
        nodes = self.tab.call(
            "Accessibility.getPartialAXTree", objectId=node["objectId"], fetchRelatives=False)
        first = nodes["nodes"][0]
        return (first.get("role", {}).get("value", ""), first.get("name", {}).get("value", ""))

    def tab_to(self, role, name, most=80):
        """Presses Tab until the keyboard is at a control."""
        for _ in range(most):
            self.tab.key("Tab")
            focused = self.focused()
            if focused[0] == role and re.search(name, focused[1]):
                return
        raise AssertionError(f"{most} times Tab do not reach the {role} {name!r}")
