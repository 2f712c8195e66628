import GatewayConfiguration
import Logging
import PrometheusServer
import Synchronization
import Testing

@testable import Federation
@testable import Gateway

/// `/api/cluster-pool-attributes`, over a store in memory's place.
@Suite(.closesGateways) struct PoolAttributeAPITests {
    private static let yaml = """
        projects:
          - {name: a, prometheus: {url: http://127.0.0.1:1}, apiKeys: [{key: key-of-a}]}
          - {name: flytesnacks, clusterPool: attributes}
        clusters:
          - {name: one, prometheus: {url: http://127.0.0.1:1}}
          - {name: two, prometheus: {url: http://127.0.0.1:2}}
        clusterPools: {default: [one], production-cp: [two]}
        clusterPoolAttributes:
          - {project: flytesnacks, domain: fixed, clusterPoolName: production-cp}
        auth:
          tokens:
            - {name: root, token: root-token, admin: true}
            - {name: reader, token: reader-token}
        """
    private static let root: HTTPHeaders = [
        "Authorization": "Bearer root-token", "Content-Type": "application/json",
    ]
    private static let production =
        #"{"project":"flytesnacks","domain":"production","workflow":"w","clusterPoolName":"production-cp"}"#

    @Test func recordsAreMadeReplacedShownAndDeleted() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let made = try await gateway.put("/api/cluster-pool-attributes", Self.production)
        #expect(made.status == 201)
        #expect(made.body == #"{"status":"success","data":\#(Self.production)}"#)
        let again = try await gateway.put("/api/cluster-pool-attributes", Self.production)
        #expect(again.status == 200)
        let found = try await gateway.get(
            "/api/cluster-pool-attributes?project=flytesnacks&domain=production")
        #expect(found.body == #"{"status":"success","data":[\#(Self.production)]}"#)
        for _ in 1...2 {
            let deleted = try await gateway.send(
                "DELETE",
                "/api/cluster-pool-attributes?project=flytesnacks&domain=production&workflow=w")
            #expect(deleted.status == 200)
            #expect(deleted.body == #"{"status":"success"}"#)
        }
        let left = try await gateway.get("/api/cluster-pool-attributes")
        #expect(
            left.body
                == #"{"status":"success","data":[{"project":"flytesnacks","domain":"fixed","clusterPoolName":"production-cp","readOnly":true}]}"#
        )
        #expect(
            gateway.audited == [
                "token root sets the cluster pool attribute of project flytesnacks, domain "
                    + "production, workflow w to pool production-cp",
                "token root deletes the cluster pool attribute of project flytesnacks, domain "
                    + "production, workflow w",
            ])
    }

    @Test func aRecordIsInForceAtOnce() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let path = "/p/flytesnacks/d/production/w/w/api/v1/explain?query=up"
        #expect(try await gateway.get(path).headers["X-Tributary-Pool"] == "default")
        _ = try await gateway.put("/api/cluster-pool-attributes", Self.production)
        #expect(
            try await gateway.get(path).headers["X-Tributary-Pool"] == "production-cp")
    }

    @Test(arguments: [
        (#"{"project":"flytesnacks","domain":"d"}"#, 400, "clusterPoolName is required"),
        (#"{}"#, 400, "project is required"),
        (
            #"{"project":"flytesnacks","domain":"d","clusterPoolName":"production-pc"}"#, 400,
            "unknown cluster pool production-pc; did you mean production-cp?"
        ),
        (
            #"{"project":"flitesnacks","domain":"d","clusterPoolName":"default"}"#, 400,
            "unknown project flitesnacks; did you mean flytesnacks?"
        ),
        (#"{"projekt":"flytesnacks"}"#, 400, "unknown key projekt"),
        (#"{"project":1}"#, 400, "project must be a text"),
        (#"{"project""#, 400, "the body is not JSON"),
        (
            #"{"project":"flytesnacks","domain":"fixed","clusterPoolName":"default"}"#, 403,
            "is defined in the configuration file"
        ),
    ])
    func whatBreaksARuleIsRefused(body: String, status: Int, text: String) async throws {
        let gateway = try await TestGateway(Self.yaml)
        let answer = try await gateway.put("/api/cluster-pool-attributes", body)
        #expect(answer.status == status)
        #expect(answer.body.hasPrefix(#"{"status":"error","errorType":""#))
        #expect(answer.body.contains(text))
        #expect(gateway.audited.isEmpty)
    }

    @Test(
        arguments: [
            ([:], 401), (["Authorization": "Bearer wrong"], 401),
            (["Authorization": "Bearer reader-token"], 403), (["X-API-Key": "key-of-a"], 403),
            // The password of Basic: `:root-token`.
            (["Authorization": "Basic OnJvb3QtdG9rZW4="], 201), (["X-API-Key": "root-token"], 201),
        ] as [([String: String], Int)])
    func onlyAdministratorsMakeChanges(fields: [String: String], status: Int) async throws {
        let gateway = try await TestGateway(Self.yaml)
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        for (name, value) in fields { headers.add(name, value) }
        let answer = try await gateway.send(
            "PUT", "/api/cluster-pool-attributes", headers: headers, body: Self.production)
        #expect(answer.status == status)
    }

    @Test func whatIsNotSentAsJSONIsRefused() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let answer = try await gateway.send(
            "PUT", "/api/cluster-pool-attributes",
            headers: ["Authorization": "Bearer root-token", "Content-Type": "text/plain"],
            body: Self.production)
        #expect(answer.status == 415)
    }
}
