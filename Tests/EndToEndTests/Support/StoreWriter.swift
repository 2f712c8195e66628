import Foundation
import RealServers
import TestSupport

/// Changes things through the API until the gateway is gone, and knows what must be there then.
/// Every writer has things of its own, each with a state in words.
final class StoreWriter: @unchecked Sendable {
    // Used by one thread at a time: first that of the writer, then, when it ended, that of the test.
    private let number: Int
    private var random: SeededRandom
    private var counter = 0
    /// What was acknowledged last, by thing; things that are not there are left out.
    private var known: [String: String] = [:]
    /// The change under way when the gateway was gone: a thing, and what it was to become.
    private var underWay: (thing: String, state: String?)?
    /// The value of the token and of the newest key, which must open what they did.
    private var token: String?
    private var keys: [(id: String, description: String, key: String)] = []
    private(set) var acknowledged = 0
    private(set) var problems: [String] = []

    init(number: Int, seed: UInt64) {
        self.number = number
        random = SeededRandom(seed: seed)
    }

    /// What the configuration must have under `auth.tokens`.
    static let rootToken = "root-token-of-the-campaign"
    private static let root = ("Authorization", "Bearer \(rootToken)")
    private static let bases = ["base0", "base1", "base2"]
    private var plain: String { "plain\(number)" }
    private var passing: String { "passing\(number)" }
    private var world: String { "world\(number)" }
    private var pool: String { "pool\(number)" }
    /// One project with two names in turn, which a multi-cluster project and a token refer to.
    private var renamed: [String] { ["red\(number)", "blue\(number)"] }
    private var follower: String { "follower\(number)" }
    private var passToken: String { "pass\(number)" }
    private var followToken: String { "follow\(number)" }

    // MARK: Writing

    private struct Gone: Error {}

    /// Returns when a request got no answer.
    func writeUntilTheEnd(of gateway: HTTPAddress) {
        do {
            try prepare(gateway)
            while true { try step(gateway) }
        } catch is Gone {
        } catch {
            problems.append("\(error)")
        }
    }

    /// What later changes need to be there.
    private func prepare(_ gateway: HTTPAddress) throws {
        if known["plain"] == nil { try putPlain(gateway) }
        if known["rename"] == nil { try rename(gateway) }
        if known["follower"] == nil {
            try change(gateway, "follower", to: "there") {
                ("PUT", "/api/projects/\(follower)", members([known["rename"] ?? "", "base0"]))
            }
        }
        if known["follow token"] == nil {
            try change(gateway, "follow token", to: "there") {
                (
                    "POST", "/api/tokens",
                    #"{"name":"\#(followToken)","projects":["\#(known["rename"] ?? "")"]}"#
                )
            }
        }
    }

    private func step(_ gateway: HTTPAddress) throws {
        switch random.below(8) {
        case 0: try putPlain(gateway)
        case 1: try rename(gateway)
        case 2:
            let isThere = known["passing"] != nil
            try change(gateway, "passing", to: isThere ? nil : "there") {
                isThere
                    ? ("DELETE", "/api/projects/\(passing)", "")
                    : (
                        "POST", "/api/projects",
                        #"{"name":"\#(passing)","prometheus":{"url":"http://127.0.0.1:2"}}"#
                    )
            }
        case 3:
            let list = chosen()
            try change(gateway, "world", to: list.joined(separator: ",")) {
                ("PUT", "/api/projects/\(world)", members(list))
            }
        case 4:
            let isThere = known["token"] != nil
            let answer = try change(gateway, "token", to: isThere ? nil : "there") {
                isThere
                    ? ("DELETE", "/api/tokens/\(passToken)", "")
                    : ("POST", "/api/tokens", #"{"name":"\#(passToken)"}"#)
            }
            token = answer["data"]?["token"]?.text
        case 5: try changeKeys(gateway)
        case 6:
            let list = random.oneIn(4) ? nil : chosen()
            try change(gateway, "pool", to: list?.joined(separator: ",")) {
                let path = "/api/cluster-pools/\(pool)"
                guard let list else { return ("DELETE", path, "") }
                return ("PUT", path, #"{"clusters":\#(Self.json(list))}"#)
            }
        default: try changeAttribute(gateway)
        }
    }

    private func chosen() -> [String] {
        let list = random.some(Self.bases, oneIn: 2)
        return list.isEmpty ? [random.pick(Self.bases)] : list
    }

    /// One number in two places.
    private func putPlain(_ gateway: HTTPAddress) throws {
        counter += 1
        try change(gateway, "plain", to: "\(counter) \(counter)") {
            (
                "PUT", "/api/projects/\(plain)",
                #"{"prometheus":{"url":"http://127.0.0.1:2/v\#(counter)","#
                    + #""externalLabels":{"v":"\#(counter)"}}}"#
            )
        }
    }

    private func rename(_ gateway: HTTPAddress) throws {
        let old = known["rename"]
        let new = renamed[old == renamed[0] ? 1 : 0]
        try change(gateway, "rename", to: new) {
            (
                "PUT", "/api/projects/\(old ?? new)",
                #"{"name":"\#(new)","prometheus":{"url":"http://127.0.0.1:2"}}"#
            )
        }
    }

    private func changeKeys(_ gateway: HTTPAddress) throws {
        if keys.count > 2 || !keys.isEmpty && random.oneIn(3) {
            let key = keys[random.below(keys.count)]
            let rest = keys.filter { $0.id != key.id }
            try change(gateway, "keys", to: Self.state(rest.map(\.description))) {
                ("DELETE", "/api/projects/\(plain)/keys/\(key.id)", "")
            }
            keys = rest
            return
        }
        counter += 1
        let description = "key \(counter)"
        let answer = try change(
            gateway, "keys", to: Self.state(keys.map(\.description) + [description])
        ) { ("POST", "/api/projects/\(plain)/keys", #"{"description":"\#(description)"}"#) }
        let data = answer["data"]
        keys.append((data?["id"]?.text ?? "", description, data?["key"]?.text ?? ""))
    }

    private func changeAttribute(_ gateway: HTTPAddress) throws {
        // The pool must be there, and is then not deleted by anybody else.
        guard known["pool"] != nil, known["attribute"] == nil else {
            guard known["attribute"] != nil else { return }
            try change(gateway, "attribute", to: nil) {
                (
                    "DELETE",
                    "/api/cluster-pool-attributes?project=pooled&domain=domain\(number)", ""
                )
            }
            return
        }
        try change(gateway, "attribute", to: pool) {
            (
                "PUT", "/api/cluster-pool-attributes",
                #"{"project":"pooled","domain":"domain\#(number)","clusterPoolName":"\#(pool)"}"#
            )
        }
    }

    /// Asks for a change and notes it as acknowledged, or, without an answer, as under way. What the
    /// rules refuse changes nothing.
    @discardableResult
    private func change(
        _ gateway: HTTPAddress, _ thing: String, to state: String?,
        _ request: () -> (method: String, path: String, body: String)
    ) throws -> JSONValue {
        let (method, path, body) = request()
        underWay = (thing, state)
        var bytes: [UInt8] = []
        let answer: HTTPAnswer
        do {
            answer = try gateway.stream(
                method, path, headers: [Self.root, ("Content-Type", "application/json")],
                body: Array(body.utf8), timeout: 60
            ) { bytes += $0 }
        } catch {
            throw Gone()
        }
        guard answer.status != 409 else {
            underWay = nil
            return .null
        }
        guard (200...201).contains(answer.status) else {
            throw TestFailure(
                "\(method) \(path) \(body): \(answer.status) \(String(decoding: bytes, as: UTF8.self))"
            )
        }
        // A body that broke off is no answer.
        guard let document = try? JSONValue(parsing: bytes) else { throw Gone() }
        acknowledged += 1
        known[thing] = state
        underWay = nil
        return document
    }

    private func members(_ names: [String]) -> String {
        #"{"memberProjects":\#(Self.json(names))}"#
    }

    private static func json(_ names: [String]) -> String {
        "[" + names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }

    private static func state(_ descriptions: [String]) -> String? {
        descriptions.isEmpty ? nil : descriptions.sorted().joined(separator: ",")
    }

    // MARK: Verifying

    struct Outcome {
        var verified = 0
        var made = 0
        var notMade = 0
    }

    /// Compares what is there with what must be, and goes on from what is there.
    func verify(_ gateway: HTTPAddress) throws -> Outcome {
        var outcome = Outcome()
        let found = try states(gateway)
        for thing in Set(found.keys).union(known.keys).sorted() {
            outcome.verified += 1
            if found[thing] == known[thing] { continue }
            if let underWay, underWay.thing == thing, found[thing] == underWay.state {
                outcome.made += 1
                continue
            }
            problems.append(
                "writer \(number): \(thing) is \(found[thing] ?? "not there"), acknowledged was "
                    + "\(known[thing] ?? "not there"), under way was \(underWay.map { "\($0)" } ?? "-")"
            )
        }
        if underWay != nil, outcome.made == 0 { outcome.notMade += 1 }
        // What was shown once opens what it did.
        let bearer = token.map { [("Authorization", "Bearer \($0)")] }
        let presented =
            [known["token"] == nil ? nil : bearer].compactMap { $0 }
            // One that nobody was told is not known here either.
            + keys.filter { !$0.key.isEmpty }.map { [("X-API-Key", $0.key)] }
        for headers in presented where found["token"] != nil || headers[0].0 == "X-API-Key" {
            outcome.verified += 1
            let answer = try gateway.get("/api/projects", headers: headers)
            if answer.status != 200 { problems.append("\(headers[0].0) opens nothing any more") }
        }
        known = found
        underWay = nil
        if found["token"] == nil { token = nil }
        return outcome
    }

    private func states(_ gateway: HTTPAddress) throws -> [String: String] {
        func list(_ path: String) throws -> [JSONValue] {
            try gateway.get(path, headers: [Self.root]).json()["data"]?.items ?? []
        }
        func named(_ name: String, _ list: [JSONValue]) -> JSONValue? {
            list.first { $0["name"]?.text == name }
        }
        var states: [String: String] = [:]
        let projects = try list("/api/projects")
        if let found = named(plain, projects) {
            let prometheus = found["definition"]?["prometheus"]
            let url = prometheus?["url"]?.text?.split(separator: "v").last ?? ""
            let version = url.filter { $0 != "/" }
            states["plain"] = "\(version) \(prometheus?["externalLabels"]?["v"]?.text ?? "")"
            let shown = found["keys"]?.items ?? []
            states["keys"] = Self.state(shown.compactMap { $0["description"]?.text })
            keys = shown.map { entry in
                let id = entry["id"]?.text ?? ""
                let known = keys.first { $0.id == id }
                return known ?? (id, entry["description"]?.text ?? "", "")
            }
        }
        states["passing"] = named(passing, projects).map { _ in "there" }
        states["world"] = named(world, projects)?["memberProjects"]?.strings
            .joined(separator: ",")
        let names = renamed.filter { named($0, projects) != nil }
        if !names.isEmpty { states["rename"] = names.joined(separator: " and ") }
        let tokens = try list("/api/tokens")
        states["token"] = named(passToken, tokens).map { _ in "there" }
        // They follow the name in the same change.
        states["follower"] = named(follower, projects).map { found in
            found["memberProjects"]?.strings == names + ["base0"] ? "there" : "of another name"
        }
        states["follow token"] = named(followToken, tokens).map { found in
            found["projects"]?.strings == names ? "there" : "of another name"
        }
        states["pool"] = named(pool, try list("/api/cluster-pools"))?["clusters"]?.strings
            .joined(separator: ",")
        states["attribute"] = try list("/api/cluster-pool-attributes")
            .first { $0["domain"]?.text == "domain\(number)" }?["clusterPoolName"]?.text
        return states
    }
}
