import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `forwardHeaders`: what of a client's request a configuration may pass on to a member.
@Suite struct ForwardHeaderSettingTests {
    private func parse(
        _ settings: String, auth: String = ""
    ) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            "\(auth)\nprojects:\n  - name: a\n    prometheus: {url: http://a, \(settings)}\n",
            path: "c.yaml")
    }

    private func errors(_ settings: String, auth: String = "") -> [String] {
        do throws(ConfigurationErrors) {
            _ = try parse(settings, auth: auth)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    private static let tokens = "auth: {tokens: [{name: t, token: token-of-t}]}"
    private static let keyed =
        "auth: {tokenHeader: X-API-Key, tokens: [{name: t, token: token-of-t}]}"

    @Test func namesAreReadPrintedAndStored() throws {
        let configuration = try parse("forwardHeaders: [X-Scope-OrgID, X-Id-Token]")
        let project = try #require(configuration.projects.first)
        guard case .prometheus(let source) = project.kind else {
            Issue.record("not a Prometheus")
            return
        }
        #expect(source.forwardHeaders == ["X-Scope-OrgID", "X-Id-Token"])
        #expect(configuration.redactedYAML.contains("forwardHeaders: [X-Scope-OrgID, X-Id-Token]"))
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "a", members: [])
        #expect(stored == project)
    }

    @Test(arguments: [
        "Host", "connection", "Transfer-Encoding", "TE", "Upgrade", "Keep-Alive",
        "Proxy-Authorization", "Content-Length", "content-type", "Content-Encoding",
        "Accept-Encoding", "Accept", "Range", "Expect", "User-Agent", "X-Tributary-Hops",
        "X-API-Key", "\"a b\"", "\"\"",
    ])
    func aNameThatCannotBePassedOnIsRefusedWithItsPlace(name: String) {
        let found = errors("forwardHeaders: [X-Ok, \(name)]")
        #expect(found.count == 1)
        #expect(
            found.first?.contains("projects[0].prometheus.forwardHeaders[1]: project a: ") == true,
            "\(found)")
    }

    @Test(arguments: [
        ("forwardHeaders: [X-A, x-a]", "header x-a is given twice: as X-A"),
        ("headers: {X-A: b}, forwardHeaders: [x-a]", "header x-a is given twice: as X-A"),
        (
            "bearerToken: t, forwardHeaders: [Authorization]",
            "header Authorization and bearerToken exclude each other; keep one of them"
        ),
        ("forwardHeaders: X-A", "must be a list"),
    ])
    func whatIsThereAlreadyIsRefused(settings: String, problem: String) {
        let found = errors(settings)
        #expect(found.count == 1 && found.first?.contains(problem) == true, "\(found)")
    }

    @Test func thereAreAtMostTwenty() {
        let names = (0...20).map { "X-\($0)" }.joined(separator: ", ")
        #expect(
            errors("forwardHeaders: [\(names)]").first?.hasSuffix(
                "21 headers are given; at most 20 are allowed; remove some") == true)
    }

    @Test func authorizationIsPassedOnOnlyWhereItIsNotTheGatewaysOwn() throws {
        let settings = "forwardHeaders: [authorization]"
        for auth in [Self.tokens, "auth: {anonymous: true}"] {
            let found = errors(settings, auth: auth)
            #expect(found.count == 1)
            #expect(
                found.first?.contains(
                    "Authorization cannot be passed on: clients send the gateway's own tokens in it; "
                        + "write auth.tokenHeader: X-API-Key") == true, "\(found)")
        }
        let keyed = try parse(settings, auth: Self.keyed)
        #expect(!keyed.readsAuthorization)
        #expect(keyed.redactedYAML.contains("  tokenHeader: X-API-Key"))
        let passing = try parse(settings)
        let others = try parse("forwardHeaders: [X-A]")
        #expect(!passing.readsAuthorization && others.readsAuthorization)
    }

    @Test func aProjectThatIsMadeKeepsTheRuleOfTheFile() throws {
        let document = try DocumentValue(
            json: Array(
                #"{"prometheus":{"url":"http://a","forwardHeaders":["Authorization"]}}"#.utf8))
        var contents = StoreContents()
        let file = try parse("forwardHeaders: []", auth: Self.tokens)
        #expect(throws: StoreRefusal.self) {
            try contents.putProject(document, name: "new", file: file)
        }
        let keyed = try parse("forwardHeaders: []", auth: Self.keyed)
        _ = try contents.putProject(document, name: "new", file: keyed)
        #expect(contents.effective(keyed).project(named: "new")?.kindName == "prometheus")
        // The file was changed since.
        guard
            case .misconfigured(let reason)? = contents.effective(file).project(named: "new")?.kind
        else {
            Issue.record("it is in service")
            return
        }
        #expect(reason.hasPrefix("prometheus.forwardHeaders: Authorization cannot be passed on"))
    }
}
