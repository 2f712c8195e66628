"""Projects are made, used, and deleted in the page alone."""
import json
import urllib.error
import urllib.request

from browser import until


def save(walk, name):
    """Checks the form, reads what would change, and saves."""
    person = walk.person
    person.click("button", "^Check and save")
    dialog = person.see("dialog")
    walk.picture(f"projects-diff-{name}")
    person.click("button", "^Save$", dialog)
    person.reads(f"{name} is saved")
    person.see("heading", f"^{name}$")


def mistakes(walk):
    """A mistake is shown at its field, and nothing is saved."""
    person = walk.open("projects")
    walk.settle()
    person.click("button", "^New project$")
    person.fill("^Name$", "Not A Name")
    person.click("tab", "^Source$")
    person.fill("^URL$", "no-url")
    person.click("button", "^Check and save")
    person.reads("nothing was saved")
    invalid = until(
        lambda: [one for role in ("textbox",) for one in person.find(role)
                 if person.tab.call_on(one, "function () { return this.ariaInvalid === 'true'; }")],
        "no field is marked as wrong")
    described = person.tab.call_on(
        invalid[0],
        "function () { return this.getAttribute('aria-describedby').split(' ')"
        ".map(id => document.getElementById(id)?.innerText).join(' '); }")
    walk.holds("✗" in described, f"the field does not say what is wrong: {described!r}")
    walk.picture("projects-mistakes")
    names = [one["name"] for one in walk.scene.get("/api/projects")["data"]]
    walk.holds("Not A Name" not in names, "it was saved all the same")


def regular(walk):
    """A project is made, its connection tried, and it answers."""
    person = walk.open("projects")
    walk.settle()
    person.click("button", "^New project$")
    person.fill("^Name$", "walked")
    person.click("tab", "^Source$")
    person.fill("^URL$", f"http://127.0.0.1:{walk.scene.ports['us']}")
    person.click("button", "^Test the connection$")
    person.reads("The server answers: version 3")
    save(walk, "walked")
    answer = walk.scene.get("/p/walked/api/v1/query", query="up")
    walk.equal(len(answer["data"]["result"]), 1, "series of the new project")


def key(walk):
    """A key is shown once, and opens the project."""
    person = walk.person
    person.click("tab", "^Keys$")
    person.fill("^What the new key is for$", "the walk")
    person.click("button", "^Make a key$")
    field = person.see("textbox", "^Key$")
    secret = person.value_of(field)
    walk.holds(len(secret) >= 32, f"the key has {len(secret)} characters")
    walk.holds(secret not in person.path(), "the key is in the URL")
    request = urllib.request.Request(
        f"{walk.scene.base}/api/v1/query?query=up", headers={"X-API-Key": secret})
    with urllib.request.urlopen(request) as answer:
        walk.equal(json.load(answer)["status"], "success", "a query with the key")
    person.click("button", "^I have it$")
    person.gone("textbox", "^Key$")
    person.see_row("the walk")
    walk.visit("Members")
    walk.visit("Projects")
    person.click("button", "^walked")
    person.click("tab", "^Keys$")
    person.see_row("the walk")
    held = person.tab.run("document.documentElement.outerHTML")
    walk.holds(secret not in held, "the key is shown a second time")
    person.click("button", "^Delete the key the walk$")
    person.click("button", "^Delete$", person.see("dialog"))
    person.row_gone("the walk")
    try:
        urllib.request.urlopen(request)
        raise AssertionError("the deleted key still opens the project")
    except urllib.error.HTTPError as refusal:
        walk.equal(refusal.code, 401, "a query with the deleted key")


def union(walk):
    """A multi-cluster project is made of check boxes, and has neither source nor keys."""
    person = walk.person
    person.click("button", "^New project$")
    person.fill("^Name$", "walked-all")
    person.click("radio", "^Other projects")
    for name in ("eu", "walked"):
        person.click("checkbox", f"^{name}\\b(?!-)")
    person.reads("puts the series of its members together")
    source = person.see("tab", "^Source")
    walk.holds(person.is_disabled(source), "a multi-cluster project has a source")
    person.reads("has neither a source nor keys of its own")
    walk.picture("projects-union")
    save(walk, "walked-all")
    walk.holds(person.is_disabled(person.see("tab", "^Keys")), "a multi-cluster project has keys")
    answer = walk.scene.get("/p/walked-all/api/v1/query", query="count by (project) (up)")
    members = sorted(one["metric"]["project"] for one in answer["data"]["result"])
    walk.equal(members, ["eu", "walked"], "members that answer")


def delete(walk):
    """A member cannot be deleted while a project is made of it."""
    person = walk.person
    person.tab.expect("409")

    def remove(name):
        person.click("button", f"^{name} ")
        person.see("heading", f"^{name}$")
        person.click("button", "^Delete…$")
        person.fill(f"^Type {name} to go on$", name)
        person.click("button", "^Delete$", person.see("dialog"))
    remove("walked")
    person.reads("cannot be deleted: it is used by multi-cluster project walked-all")
    walk.picture("projects-delete-refused")
    person.click("button", "^Cancel$")
    remove("walked-all")
    person.reads("walked-all is deleted")
    remove("walked")
    person.reads("walked is deleted")
    names = [one["name"] for one in walk.scene.get("/api/projects")["data"]]
    walk.equal(names, [*walk.scene.MEMBERS, "world"], "projects that are left")


def read_only(walk):
    """What the file defines can be looked at, and not changed."""
    person = walk.person
    person.click("button", "^world ")
    person.reads("It is defined in the configuration file, and can be changed there alone")
    walk.holds(person.is_disabled(person.see("textbox", "^Name$")), "the name can be changed")
    walk.holds(not person.find("button", "^Check and save"), "it can be saved")


def token(walk):
    """A token is made, shown once, and deleted."""
    person = walk.person
    person.click("tab", "^Tokens$")
    walk.settle()
    person.click("DisclosureTriangle", "^New token$")
    person.fill("^Name$", "walker")
    person.click("button", "^Make a token$")
    secret = person.value_of(person.see("textbox", "^Token$"))
    walk.holds(len(secret) >= 32, f"the token has {len(secret)} characters")
    person.click("button", "^I have it$")
    person.see_row("^walker")
    person.click("button", "^Delete the token walker$")
    person.click("button", "^Delete$", person.see("dialog"))
    person.reads("walker is deleted")


STEPS = [mistakes, regular, key, union, delete, read_only, token]
