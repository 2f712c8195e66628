"""axe-core, which finds faults that keep people from using a page, run inside of the page."""
import json

# WCAG 2.2 AA, and what axe calls good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Axe:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.source = file.read()

    def faults(self, tab):
        """One text for each rule that is broken, with the elements that break it."""
        tab.run(self.source + "; true")
        found = tab.run(
            "axe.run(document, {runOnly: {type: 'tag', values: " + json.dumps(TAGS) + "},"
            " resultTypes: ['violations']}).then(result => JSON.stringify("
            "result.violations.map(one => ({id: one.id, help: one.help,"
            " nodes: one.nodes.map(node => [node.target.join(' '), node.failureSummary])}))))")
        return [
            f"{one['id']}: {one['help']}: " + "; ".join(
                f"{target} ({' '.join(summary.split())[:300]})"
                for target, summary in one["nodes"][:4])
            for one in json.loads(found)
        ]
