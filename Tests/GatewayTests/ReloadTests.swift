import Foundation
import GatewayConfiguration
import Logging
import PrometheusServer
import Synchronization
import TestSupport
import Testing

@testable import Federation
@testable import Gateway

/// Reload, and what the store makes of the projects of a file.
@Suite(.closesGateways) struct ReloadTests {
    private static let auth = """

        auth: {tokens: [{name: root, token: root-token, admin: true}]}
        """
    private static let first = """
        projects:
          - {name: a, prometheus: {url: http://127.0.0.1:1}, apiKeys: [{key: key-of-a}]}
          - {name: b, prometheus: {url: http://127.0.0.1:1}}
        """ + auth
    private static let second = """
        projects:
          - {name: b, prometheus: {url: http://127.0.0.1:9}}
          - {name: world, memberProjects: [b]}
        """ + auth

    @Test func aGoodFileIsTakenWholeAndABadOneNotAtAll() async throws {
        let gateway = try await TestGateway(Self.first)
        #expect(try await gateway.get("/p/world/api/v1/explain?query=up").status == 404)
        gateway.write(Self.second)
        let answer = try await gateway.send("POST", "/-/reload")
        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
        #expect(try await gateway.get("/p/world/api/v1/explain?query=up").status == 200)

        gateway.write("projects:\n  - {name: c, promtheus: {url: http://a}}\n" + Self.auth)
        let refused = try await gateway.send("PUT", "/-/reload")
        #expect(refused.status == 500)
        #expect(refused.body.hasPrefix("failed to reload config: c.yaml:2:"))
        #expect(refused.body.contains("did you mean prometheus?"))
        #expect(try await gateway.get("/p/world/api/v1/explain?query=up").status == 200)
        #expect(try await gateway.get("/p/c/api/v1/explain?query=up").status == 404)
        #expect(
            try await gateway.get("/metrics").body.contains(
                "tributary_config_last_reload_successful 0\n"))
        #expect(gateway.audited == ["token root reloads the configuration"])
    }

    @Test func aReloadRefusesAnAliasBombAndKeepsTheFormerConfiguration() async throws {
        let gateway = try await TestGateway(Self.first)
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...7 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            bomb += "a\(level): &a\(level) [\(aliases)]\n"
        }
        gateway.write(bomb + "? *a7\n: x\n")
        let refused = try await gateway.send("POST", "/-/reload")
        #expect(refused.status == 500)
        #expect(refused.body.contains("c.yaml:6:14: the aliases repeat too much"))
        #expect(try await gateway.get("/p/a/api/v1/explain?query=up").status == 200)
    }

    @Test(arguments: ["127.0.0.1:9090", "localhost:1", "[::1]:9090"])
    func `A reload cannot take auth away from an address that other machines reach`(
        written: String
    ) async throws {
        let gateway = try await TestGateway("listen_address: 0.0.0.0:9090\n" + Self.first)
        gateway.write(
            """
            listen_address: "\(written)"
            projects: [{name: b, prometheus: {url: http://127.0.0.1:1}}]
            """)
        let refused = try await gateway.send("POST", "/-/reload")
        #expect(refused.status == 500)
        #expect(
            refused.body.contains("auth cannot be left out: the gateway listens on 0.0.0.0:9090"))
        #expect(try await gateway.send("GET", "/p/b/api/v1/labels", headers: [:]).status == 401)
        #expect(try await gateway.send("POST", "/-/reload", headers: [:]).status == 401)
        // With auth the address may change: the next start will listen there.
        gateway.write("listen_address: \"\(written)\"\n" + Self.first)
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        gateway.write(
            """
            listen_address: "\(written)"
            projects: [{name: b, prometheus: {url: http://127.0.0.1:1}}]
            """)
        #expect(try await gateway.send("POST", "/-/reload").status == 500)
    }

    @Test func onlyAdministratorsReloadAndOnlyByPostOrPut() async throws {
        let gateway = try await TestGateway(Self.first)
        #expect(try await gateway.send("POST", "/-/reload", headers: [:]).status == 401)
        let key: HTTPHeaders = ["X-API-Key": "key-of-a"]
        #expect(try await gateway.send("POST", "/-/reload", headers: key).status == 403)
        let got = try await gateway.get("/-/reload")
        #expect(got.status == 405)
        #expect(got.body == "Only POST or PUT requests allowed")
    }

    @Test func `Row 5: a project that leaves the file stays, and can be edited`() async throws {
        let gateway = try await TestGateway(Self.first)
        let body = #"{"prometheus":{"url":"http://127.0.0.1:5"}}"#
        #expect(try await gateway.put("/api/projects/a", body).status == 403)
        gateway.write(Self.second)
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        // With the key it had.
        let key: HTTPHeaders = ["X-API-Key": "key-of-a"]
        let own = try await gateway.send("GET", "/api/v1/explain?query=up", headers: key)
        #expect(own.status == 200)
        #expect(try await gateway.put("/api/projects/a", body).status == 200)
        #expect(try await gateway.send("DELETE", "/api/projects/a").status == 200)
        // Back in the file it is the file's again.
        gateway.write(Self.first)
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        #expect(try await gateway.put("/api/projects/a", body).status == 403)
    }

    @Test func aFileMayNameProjectsOfTheStoreAndKeepsThemFromBeingDeleted() async throws {
        let gateway = try await TestGateway(Self.first)
        let body = #"{"prometheus":{"url":"http://127.0.0.1:5"}}"#
        #expect(try await gateway.put("/api/projects/made", body).status == 201)
        gateway.write("projects: [{name: world, memberProjects: [made]}]\n" + Self.auth)
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        #expect(try await gateway.get("/p/world/api/v1/explain?query=up").status == 200)
        for (method, body) in [
            ("DELETE", ""), ("PUT", #"{"name":"n","prometheus":{"url":"http://127.0.0.1:5"}}"#),
        ] {
            let refused = try await gateway.send(method, "/api/projects/made", body: body)
            #expect(refused.status == 409)
            #expect(refused.body.contains("multi-cluster project world"))
        }
    }

    @Test func aKeyThatTheFileGivesToAnotherProjectIsTheOthers() async throws {
        let gateway = try await TestGateway(Self.first)
        gateway.write(
            """
            projects:
              - {name: new, prometheus: {url: http://127.0.0.1:1}, apiKeys: [{key: key-of-a}]}
            """ + Self.auth)
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        let key: HTTPHeaders = ["X-API-Key": "key-of-a"]
        let list = try await gateway.send("GET", "/api/projects", headers: key)
        #expect(list.body.contains(#""name":"new""#))
        #expect(!list.body.contains(#""name":"a""#))
    }

    @Test func aRunningRequestEndsUnderTheConfigurationItBeganWith() async throws {
        let gateway = try await TestGateway(Self.first)
        let before = gateway.application.live.current.value
        gateway.write(Self.second)
        try await gateway.application.reload()
        let after = gateway.application.live.current.value
        // Its own answers, and the connections of members that stay.
        #expect(before.configuration.project(named: "world") == nil)
        #expect(after.configuration.project(named: "world") != nil)
        #expect(after.clients.projects["b"] !== before.clients.projects["b"])
        #expect(after.clients.projects["a"] === before.clients.projects["a"])
        #expect(after.resources === before.resources)
    }

    @Test func whatAnotherGatewayChangesIsSeen() async throws {
        let first = try await TestGateway(Self.first)
        let second = try await TestGateway(Self.first, directory: first.directory)
        let body = #"{"prometheus":{"url":"http://127.0.0.1:5"}}"#
        #expect(try await first.put("/api/projects/made", body).status == 201)
        #expect(try await second.get("/p/made/api/v1/explain?query=up").status == 404)
        await second.application.live.refresh()
        #expect(try await second.get("/p/made/api/v1/explain?query=up").status == 200)
        // Two changes by two gateways do not undo each other.
        #expect(try await second.put("/api/projects/other", body).status == 201)
        #expect(try await first.send("DELETE", "/api/projects/made").status == 200)
        await second.application.live.refresh()
        #expect(try await second.get("/api/projects/other").status == 200)
        #expect(try await second.get("/api/projects/made").status == 404)
    }

    // MARK: Reloads that fail

    /// SQLite, but away when it is told to be: from the start, or once it was read.
    private final class FlightyStore: ProjectStore {
        enum State { case here, away, readOnly }

        let state = Mutex(State.here)
        private let base: SQLiteProjectStore

        init(directory: String) throws { base = try SQLiteProjectStore(directory: directory) }

        func revision() async throws(StoreError) -> Int64 {
            try check(.readOnly)
            return try await base.revision()
        }

        func contents() async throws(StoreError) -> StoreContents {
            try check(.readOnly)
            return try await base.contents()
        }

        func change<Outcome: Sendable>(
            _ edit: @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
        ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents) {
            try check(.here)
            return try await base.change(edit)
        }

        private func check(_ least: State) throws(StoreError) {
            let now = state.withLock { $0 }
            guard now == .here || now == least else { throw .unavailable("it flew away") }
        }
    }

    @Test func aReloadThatFailsAtAnyStageLeavesNothingBehindAndKeepsNoOneWaiting() async throws {
        try await withTemporaryFolder { folder in
            let store = try FlightyStore(directory: folder)
            let gateway = try await TestGateway(Self.first, directory: folder, store: store)
            let secret = "\(folder)/secret"
            let withSecret = """
                projects:
                  - {name: c, prometheus: {url: "http://127.0.0.1:1", bearerTokenFile: \(secret)}}
                """
            let before = gateway.application.live.current.value
            let stages: [(FlightyStore.State, yaml: String, status: Int, says: String)] = [
                (.here, "projects: [", 500, "is not YAML"),
                (.here, "projects:\n  - {name: c}\n", 500, "c.yaml:2:"),
                (.here, withSecret, 500, "there is no file"),
                (.here, "projects: [{name: all, memberProjects: [gone]}]\n", 500, "gone"),
                (.away, Self.second, 503, "the store is not available: it flew away"),
                (.readOnly, Self.second, 503, "the store is not available: it flew away"),
            ]
            for (state, yaml, status, says) in stages {
                store.state.withLock { $0 = state }
                gateway.write(yaml + (yaml.hasSuffix(Self.auth) ? "" : Self.auth))
                let answer = try await gateway.send("POST", "/-/reload")
                #expect(answer.status == status, "\(answer.body)")
                #expect(answer.body.hasPrefix("failed to reload config: "))
                #expect(answer.body.contains(says), "\(answer.body)")
                let now = gateway.application.live.current.value
                #expect(now.configuration == before.configuration)
                #expect(now.contents == before.contents)
                #expect(now.clients.projects["a"] === before.clients.projects["a"])
                store.state.withLock { $0 = .here }
                #expect(try await store.contents() == before.contents)
                #expect(
                    try await gateway.get("/metrics").body.contains(
                        "tributary_config_last_reload_successful 0\n"))
            }
            try "a-secret-of-c".write(toFile: secret, atomically: true, encoding: .utf8)
            gateway.write(withSecret + Self.auth)
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            #expect(try await gateway.get("/p/c/api/v1/explain?query=up").status == 200)
            gateway.write(Self.second)
            #expect(try await gateway.send("POST", "/-/reload").status == 200)
            #expect(try await gateway.get("/p/world/api/v1/explain?query=up").status == 200)
            #expect(
                try await gateway.get("/metrics").body.contains(
                    "tributary_config_last_reload_successful 1\n"))
        }
    }

    // MARK: Reloads beside each other

    /// A file whose readers wait until they are told to go on.
    private final class HeldFile: Sendable {
        struct State {
            var text: String
            var isHeld = true
            var readings = 0
        }

        let state: Mutex<State>

        init(_ text: String) { state = Mutex(State(text: text)) }

        func source(readingTime: Duration = .seconds(600)) -> ConfigurationSource {
            ConfigurationSource(readingTime: readingTime) {
                (reading) throws(ConfigurationSource.Refused) in
                // What an editor saves after this is not seen.
                let text = self.state.withLock { state in
                    state.readings += 1
                    return state.text
                }
                while self.state.withLock({ $0.isHeld }) {
                    try? await Task.sleep(for: .milliseconds(2))
                }
                do throws(ConfigurationErrors) {
                    return try Configuration.parse(
                        text, path: "c.yaml", existingProjects: reading.existing)
                } catch {
                    throw ConfigurationSource.Refused(error.description)
                }
            }
        }

        func waitUntilRead(_ count: Int = 1) async {
            while state.withLock({ $0.readings }) < count {
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    private func gateway(_ source: ConfigurationSource) async throws -> GatewayApplication {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try await GatewayApplication(
            configuration: try Configuration.parse(Self.first, path: "c.yaml"), store: nil,
            source: source, logger: logger
        ).closedAtTheEnd()
    }

    private func hasWorld(_ gateway: GatewayApplication) -> Bool {
        gateway.live.current.value.configuration.project(named: "world") != nil
    }

    @Test func reloadsThatAreAskedForTogetherAllSeeTheFileAsItWasThenOrLater() async throws {
        let file = HeldFile(Self.first)
        let gateway = try await gateway(file.source())
        let first = Task { try await gateway.reload() }
        await file.waitUntilRead()
        file.state.withLock { $0.text = Self.second }
        let later = (0..<20).map { _ in Task { try await gateway.reload() } }
        file.state.withLock { $0.isHeld = false }
        try await first.value
        for reload in later {
            try await reload.value
            #expect(hasWorld(gateway))
        }
    }

    @Test func aReloadWhoseClientGoesAwayEndsAndTheNextOneSucceeds() async throws {
        let file = HeldFile(Self.second)
        let gateway = try await gateway(file.source())
        let first = Task { try await gateway.reload() }
        await file.waitUntilRead()
        first.cancel()
        // The file is still being read.
        await #expect(throws: ConfigurationSource.Refused.self) { try await first.value }
        #expect(!hasWorld(gateway))
        file.state.withLock { $0.isHeld = false }
        try await gateway.reload()
        #expect(hasWorld(gateway))
        #expect(file.state.withLock { $0.readings } == 2)
    }

    @Test func aReloadThatDoesNotEndReadingFailsAndTheNextOneSucceeds() async throws {
        let file = HeldFile(Self.second)
        let gateway = try await gateway(file.source(readingTime: .milliseconds(50)))
        do {
            try await gateway.reload()
            Issue.record("it was not read")
        } catch let refused as ConfigurationSource.Refused {
            #expect(refused.isUnavailable)
            #expect(refused.description.contains("could not be read within"))
        }
        #expect(!hasWorld(gateway))
        file.state.withLock { $0.isHeld = false }
        try await gateway.reload()
        #expect(hasWorld(gateway))
    }
}
