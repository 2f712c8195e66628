"""Who has no mouse, no wide window, or no right to come in."""
from browser import until
from scene import ADMIN, TOKEN

CHECKED = {
    # What is opened before a page is judged: details and forms hide much of it.
    "members": "^Details of eu$", "targets": "^Details of 127.0.0.1:1$",
    "rules": "^Details of AlwaysFiring$", "alerts": "^Details of AlwaysFiring$",
}
PATHS = {
    "Query": "query?g0.expr=up&g0.tab=table", "Metrics": "metrics-explorer?metric=up",
    "Projects": "projects?project=world",
}
MORE = {
    "Query graph": "query?g0.expr=up&g0.tab=graph&g0.range_input=1m",
    "Query explain": "query?g0.expr=quantile(0.9,up)&g0.tab=explain",
    "Projects source": "projects?project=eu&tab=source",
    "Projects tokens": "projects?section=tokens",
    "Status configuration": "status?part=configuration",
    "Log in": "login",
}


def pages(walk):
    """Every page is clean of what axe-core finds, in both themes and at 360 px."""
    everything = {name: PATHS.get(name, path) for name, path in walk.PAGES.items()} | MORE
    found = []
    for name, path in everything.items():
        person = walk.open(path)
        walk.settle()
        opener = CHECKED.get(path)
        if opener:
            person.click("button", opener)
        tab = person.tab
        for theme in ("light", "dark"):
            tab.theme(theme)
            until(lambda: tab.run("document.documentElement.dataset.theme") == theme, theme)
            # Colours that are still on their way are neither of the one theme nor of the other.
            until(lambda: tab.run("document.getAnimations().length === 0"), "colours move for long")
            for width in (1280, 360):
                tab.size(width, 900)
                found += [f"{name}, {theme}, {width} px: {one}" for one in narrow(walk)]
                found += [f"{name}, {theme}, {width} px: {one}" for one in walk.axe.faults(tab)]
                walk.picture(f"{name.lower().replace(' ', '-')}-{theme}-{width}")
        walk.no_faults()
    walk.holds(not found, "\n        ".join([f"{len(found)} faults", *found]))


def narrow(walk):
    """What is wider than the window, so that the page itself scrolls sideways."""
    wide, window = walk.person.tab.run("[document.documentElement.scrollWidth, innerWidth]")
    return [f"the page is {wide} px wide in a window of {window} px"] if wide > window else []


def again_and_again(walk):
    """A page that is opened again and again still gets its answers."""
    # A browser has six connections to a gateway, for all its pages: none may keep one for itself.
    person = walk.open("members")
    for path in ("targets", "rules", "alerts", "status") * 2:
        walk.settle()
        person.tab.go(f"{walk.scene.base}/{path}")
        person.see("heading", "(?i)^" + path)
    walk.settle()


def phone(walk):
    """At 360 px one comes to every page, and runs a query."""
    person = walk.open("members")
    person.tab.size(360, 740, phone=True)
    for name in walk.PAGES:
        person.click("button", "^Menu$")
        person.click("link", f"^{name}$")
        person.see("heading", f"^{name}$")
        walk.settle()
        walk.holds(not narrow(walk), f"{name}: {narrow(walk)}")
    person.click("button", "^Menu$")
    person.click("link", "^Query$")
    person.see("heading", "^Query$")
    person.click("textbox", "^Expression$")
    person.tab.type("count(up)")
    person.tab.key("Escape")
    person.click("button", "^Run$")
    person.see("table", within=person.see("group", "^Result table$"))
    walk.picture("phone-query")


def keyboard(walk):
    """Everything can be done by keys alone."""
    person = walk.open("members")
    tab = person.tab
    walk.settle()
    tab.key("Tab")
    walk.equal(person.focused(), ("link", "Skip to the page"), "the first Tab")
    tab.key("Enter")
    person.tab_to("button", "^Details of eu$")
    tab.key("Enter")
    person.reads("Answered last")
    walk.equal(person.focused()[1], "Details of eu", "what has the keyboard after it was opened")
    tab.key("g")
    tab.key("q")
    person.see("heading", "^Query$")
    # The page puts the keyboard into the editor once it is loaded.
    until(lambda: tab.run("document.querySelector('.cm-editor') !== null"), "no editor")
    walk.settle()
    tab.run("document.activeElement.blur()")
    tab.key("/")
    until(lambda: person.focused()[1] == "Expression", lambda: f"/ leads to {person.focused()}")
    tab.type("count by (project) (up)")
    tab.key("Escape")
    tab.key("Enter")
    person.see("group", "^Result table$")
    person.tab_to("tab", "^Table$")
    tab.key("ArrowRight")
    until(lambda: person.focused() == ("tab", "Graph"), lambda: f"→ leads to {person.focused()}")
    person.see("image", "^Graph: ")
    tab.key("?")
    dialog = person.see("dialog", "^Keys$")
    person.see("button", "^Close$", dialog)
    tab.key("Escape")
    person.gone("dialog", "^Keys$")
    for keys, name in (("gt", "Targets"), ("gr", "Rules"), ("ga", "Alerts"), ("gs", "Status"), ("gm", "Members")):
        for one in keys:
            tab.key(one)
        person.see("heading", f"^{name}$")


def log_in(walk):
    """Without a token one sees the log-in; with one, what it opens."""
    person = walk.open("targets", base=walk.scene.locked)
    person.tab.expect("401")
    person.see("heading", "^Log in$")
    walk.picture("log-in")
    person.fill("^Token$", "not-a-token")
    person.tab.key("Enter")
    person.reads("The gateway does not know this token")
    person.fill("^Token$", TOKEN)
    person.tab.key("Enter")
    person.see("heading", "^Targets$")
    person.reads("targets, 1 down")
    person.reads("reader")
    kept = person.tab.run("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")
    walk.holds(TOKEN not in kept, f"the token is kept where scripts read it: {kept}")
    walk.visit("Projects")
    person.click("button", "^world ")
    person.reads("Your token may look, and not change anything")
    person.click("button", "^Log out$")
    person.see("heading", "^Log in$")
    person.fill("^Token$", ADMIN)
    person.tab.key("Enter")
    person.see("heading", "^Query$")
    person.reads("keeper")
    walk.visit("Projects")
    person.see("button", "^New project$")


STEPS = [again_and_again, phone, keyboard, log_in, pages]
