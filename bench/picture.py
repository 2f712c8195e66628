"""The picture of a run: for each row its time and its CPU, as points on logarithmic scales."""
import html
import math

import report

# A point has a shape as well as a colour, for those who cannot tell colours apart.
SHAPES = {report.GATEWAY: ("circle", "ours"), report.UNION: ("square", "union")}
OTHERS = (("diamond", "third"), ("triangle", "fourth"), ("ring", "fifth"))
STYLE = """
    text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1c2733 }
    .small { font-size: 11.5px; fill: #5b6b7b }
    .title { font-weight: 600 }
    .page { fill: #f7f9fb }
    .line { stroke: #d5dee6; stroke-width: 1 }
    .one { stroke: #5b6b7b; stroke-width: 1.5; stroke-dasharray: 4 3 }
    .span { stroke: #b4c2ce; stroke-width: 2 }
    .ours { fill: #2b7bb9 } .union { fill: #c2571a } .third { fill: #2f9e6e }
    .fourth { fill: #8a4fb0 } .fifth { fill: none; stroke: #1c2733; stroke-width: 2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4ebf1 } .small { fill: #a3b3c1 } .page { fill: #18212a }
      .line { stroke: #33424f } .one { stroke: #a3b3c1 } .span { stroke: #53687a }
      .ours { fill: #62b0ea } .union { fill: #f0955c } .third { fill: #5fcf9d }
      .fourth { fill: #c39be0 } .fifth { fill: none; stroke: #e4ebf1 }
    }
"""
WIDTH, ROW, TOP, LABELS, GAP = 940, 24, 92, 190, 36


class Scale:
    """Logarithmic, over whole steps of `base`."""

    def __init__(self, values, base, left, right):
        logs = [math.log(value, base) for value in values]
        low, high = math.floor(min(logs)), math.ceil(max(logs))
        self.low, self.high = low, max(high, low + 1)
        self.base, self.left, self.right = base, left, right

    def at(self, value):
        part = (math.log(value, self.base) - self.low) / (self.high - self.low)
        return self.left + part * (self.right - self.left)

    @property
    def ticks(self):
        return [self.base**power for power in range(self.low, self.high + 1)]


def shape(kind, name, x, y, tip=""):
    title = f"<title>{html.escape(tip)}</title>" if tip else ""
    match kind:
        case "circle" | "ring":
            return f'<circle class="{name}" cx="{x:.1f}" cy="{y}" r="5">{title}</circle>'
        case "square":
            path = f"M{x - 4.5:.1f} {y - 4.5}h9v9h-9z"
        case "diamond":
            path = f"M{x:.1f} {y - 6}l6 6-6 6-6-6z"
        case "triangle":
            path = f"M{x:.1f} {y - 6}l6 10h-12z"
    return f'<path class="{name}" d="{path}">{title}</path>'


def looks(names):
    """The shape and the colour of each candidate; more than five are not drawn."""
    others = iter(OTHERS)
    found = {}
    for name in names:
        look = SHAPES.get(name) or next(others, None)
        if look:
            found[name] = look
    return found


def chart(parts, rows, looks, base, left, right, title, note, value, text):
    """One chart: `value` of a row and a result is drawn, `text` says it."""
    bottom = TOP + ROW * len(rows)
    points = [
        [(one["name"], value(row, one)) for one in row["results"] if one["name"] in looks]
        for row in rows
    ]
    scale = Scale([figure for line in points for _, figure in line], base, left, right)
    parts.append(f'<text class="title" x="{left}" y="52">{title}</text>')
    parts.append(f'<text class="small" x="{left}" y="68">{note}</text>')
    for tick in scale.ticks:
        x = scale.at(tick)
        parts.append(f'<path class="line" d="M{x:.1f} {TOP - 4}V{bottom}"/>')
        parts.append(
            f'<text class="small" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        )
    if base == 2 and scale.ticks[0] <= 1 <= scale.ticks[-1]:
        parts.append(f'<path class="one" d="M{scale.at(1):.1f} {TOP - 4}V{bottom}"/>')
    for number, line in enumerate(points):
        y = TOP + ROW * number + ROW // 2
        places = [scale.at(figure) for _, figure in line]
        parts.append(f'<path class="span" d="M{min(places):.1f} {y}H{max(places):.1f}"/>')
        # Ours last, so that it is on top.
        for (name, figure), x in list(zip(line, places))[::-1]:
            tip = f"{rows[number]['name']}, {name}: {text(figure)}"
            parts.append(shape(*looks[name], x, y, tip))


def svg(rows, machine):
    names = report.candidates(rows)
    chosen = looks(names)
    bottom = TOP + ROW * len(rows)
    height = bottom + 36
    rows = [
        {**row, "results": sorted(
            (one for one in row["results"] if one["name"] in chosen),
            key=lambda one: names.index(one["name"]),
        ), "floor": report.by_name(row)[report.FLOOR]}
        for row in rows
    ]
    description = (
        "Two charts with a line for each query of the table: the time as a ratio to the fan-out, and"
        f" the CPU of one query in milliseconds, of {', '.join(chosen)}. Less is better."
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" aria-labelledby="title description">',
        '<title id="title">Time and CPU of each query</title>',
        f'<desc id="description">{html.escape(description)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="10"/>',
    ]
    x = 16
    for name, look in chosen.items():
        parts.append(shape(*look, x + 5, 22))
        parts.append(f'<text x="{x + 16}" y="26">{html.escape(name)}</text>')
        x += 36 + 8 * len(name)
    parts.append(
        f'<text class="small" x="{WIDTH - 16}" y="26" text-anchor="end">'
        f"{html.escape(machine['date'])}, {machine['cores']} processors for all servers</text>"
    )
    for number, row in enumerate(rows):
        y = TOP + ROW * number
        parts.append(f'<path class="line" d="M16 {y}H{WIDTH - 16}"/>')
        parts.append(f'<text x="16" y="{y + ROW // 2 + 4}">{html.escape(row["name"])}</text>')
    middle = (LABELS + WIDTH) // 2
    chart(
        parts, rows, chosen, 2, LABELS + 10, middle - GAP // 2,
        "Time, as a ratio to the fan-out", "1 is asking the members and dropping the answers",
        lambda row, one: one["median"] / row["floor"]["median"], lambda figure: f"{figure:.2f}",
    )
    chart(
        parts, rows, chosen, 10, middle + GAP // 2, WIDTH - 30,
        "CPU of one query, ms", "of the gateway alone, whose members compute besides; less is better",
        lambda _, one: one["cpu"] * 1e3, lambda figure: f"{figure:.2f} ms",
    )
    return "\n".join(parts + ["</svg>"]) + "\n"
