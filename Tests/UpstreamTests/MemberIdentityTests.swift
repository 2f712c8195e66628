import HTTPTransport
import Testing
import UpstreamSettings

@testable import Upstream

/// What answers of a member are known by, here and in other gateways.
@Suite struct MemberIdentityTests {
    private static func asked(
        _ change: (inout PrometheusSource) -> Void = { _ in }
    ) throws -> String {
        var source = PrometheusSource(url: try ServerURL("http://prometheus:9090/prefix"))
        source.credentials = .basic(username: "u", password: Secret("p"))
        source.headers = [NamedSecret(name: "X-Scope-OrgID", value: Secret("t"))]
        source.queryParameters = [NamedSecret(name: "tenant", value: Secret("q"))]
        change(&source)
        return UpstreamConfiguration(name: "a", source: .prometheus(source)).askedAs
    }

    private static func oauth2(_ url: String, _ secret: String) throws -> OAuth2Settings {
        OAuth2Settings(
            clientID: "c", clientSecret: Secret(secret), tokenURL: try ServerURL(url))
    }

    @Test func anotherWayToAskIsAnotherIdentity() throws {
        let others = try [
            Self.asked { $0.url = try! ServerURL("http://prometheus:9091/prefix") },
            Self.asked { $0.url = try! ServerURL("https://prometheus:9090/prefix") },
            Self.asked { $0.credentials = .none },
            Self.asked { $0.credentials = .basic(username: "u", password: Secret("p2")) },
            Self.asked { $0.credentials = .bearer(Secret("p")) },
            Self.asked { $0.credentials = .oauth2(try! Self.oauth2("http://t", "s")) },
            Self.asked { $0.credentials = .oauth2(try! Self.oauth2("http://t2", "s")) },
            Self.asked { $0.credentials = .oauth2(try! Self.oauth2("http://t", "s2")) },
            Self.asked { $0.headers = [] },
            Self.asked { $0.headers[0].value = Secret("t2") },
            Self.asked { $0.headers[0].name = "X-Other" },
            Self.asked { $0.queryParameters = [] },
            Self.asked { $0.queryParameters[0].value = Secret("q2") },
            Self.asked { $0.tls.serverName = "x" },
            Self.asked { $0.tls.certFile = "x" },
            Self.asked { $0.capabilities.instantQuery = .emulated },
            Self.asked { $0.capabilities.stepGrid = .native },
            Self.asked { $0.selector = try! ProjectSelector(#"{cluster="eu"}"#) },
            Self.asked { $0.selector = try! ProjectSelector(#"{cluster="us"}"#) },
            // What stands in one field is not what stands in two.
            Self.asked {
                $0.headers = []
                $0.queryParameters.insert(
                    NamedSecret(name: "X-Scope-OrgID", value: Secret("t")), at: 0)
            },
        ]
        #expect(Set(others + [try Self.asked()]).count == others.count + 1)
        // What the answer does not depend on.
        #expect(try Self.asked { $0.timeout = .seconds(3) } == Self.asked())
        #expect(try Self.asked { $0.rangeParts = 2 } == Self.asked())
        #expect(try Self.asked { $0.acceptEncoding = .identity } == Self.asked())
    }

    @Test func theIdentityIsTheSameInEveryProcess() throws {
        #expect(
            try Self.asked()
                == "29:http://prometheus:9090/prefix;-;-;-;4:auto;4:auto;10:prometheus;"
                + "6:header;13:Authorization;10:Basic dTpw;"
                + "6:header;13:X-Scope-OrgID;1:t;9:parameter;6:tenant;1:q;"
        )
    }
}
