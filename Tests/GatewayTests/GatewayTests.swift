import EmbeddedPrometheus
import GatewayConfiguration
import GoText
import Logging
import PrometheusServer
import Testing
import TimeSeries

@testable import Federation
@testable import Gateway

/// The whole gateway over members that answer through real sockets.
@Suite(.closesGateways) struct GatewayTests {
    /// Two members, `a` and `b`, and `c`, which nobody serves; `all` has the first two, `most` all
    /// three.
    private func withGateway(
        _ work: @escaping @Sendable (PrometheusResponder) async throws -> Void
    ) async throws {
        let held: [String: [[String: String]]] = [
            "a": [
                ["__name__": "up", "job": "x"], ["__name__": "up", "job": "y", "project": "own"],
            ],
            "b": [["__name__": "up", "job": "x", "zone": "z<"]],
        ]
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (listening, announce) = AsyncStream.makeStream(of: (String, Int).self)
            for (name, series) in held {
                let store = MemoryStore()
                let now = WallClock.now()
                store.append(
                    contentsOf: series.map { (LabelSet($0), now - 1000, .float(1)) })
                store.describe("up", MetricMetadata(type: "gauge", help: "from \(name)"))
                var logger = Logger(label: "test")
                logger.logLevel = .critical
                let server = EmbeddedServer(store: store, logger: logger)
                group.addTask { try await server.run { announce.yield((name, $0)) } }
            }
            var ports: [String: Int] = ["c": 1]
            for await (name, port) in listening {
                ports[name] = port
                if ports.count == 3 { break }
            }
            let projects = ports.sorted { $0.key < $1.key }.map { name, port in
                "  - {name: \(name), prometheus: {url: \"http://127.0.0.1:\(port)\"}}\n"
            }
            let configuration = try Configuration.parse(
                "projects:\n" + projects.joined() + """
                      - {name: all, memberProjects: [b, a]}
                      - {name: most, memberProjects: [a, b, c]}
                      - {name: strict, memberProjects: [a, b, c], partialResponse: abort}
                    """, path: "c.yaml")
            let application = try GatewayApplication(
                configuration: configuration, logger: Logger(label: "test")
            ).closedAtTheEnd()
            try await work(application.responder)
            group.cancelAll()
        }
    }

    private static func get(
        _ target: String, _ gateway: PrometheusResponder
    ) async throws -> (status: Int, body: String) {
        let request = try #require(PrometheusRequest(method: "GET", target: target))
        let answer = try await gateway.respond(to: request).collected()
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    @Test func labelsAndSeriesAreThoseOfTheUnion() async throws {
        try await withGateway { gateway in
            for (target, data) in [
                ("labels", #"["__name__","exported_project","job","project","zone"]"#),
                ("labels?match[]=nope", "[]"),
                ("label/project/values", #"["a","b"]"#),
                ("label/project/values?match[]=up%7Bzone!=%22%22%7D", #"["b"]"#),
                ("label/exported_project/values", #"["own"]"#),
                ("label/zone/values", #"["z\u003c"]"#),
                ("label/U__job/values?match[]=%7Bproject=%22a%22%7D", #"["x","y"]"#),
                (
                    "series?match[]=up%7Bproject=~%22a%7Cb%22,job=%22x%22%7D",
                    #"[{"__name__":"up","job":"x","project":"a"},"#
                        + #"{"__name__":"up","job":"x","project":"b","zone":"z<"}]"#
                ),
                (
                    "series?match[]=%7Bexported_project=%22own%22%7D",
                    #"[{"__name__":"up","exported_project":"own","job":"y","project":"a"}]"#
                ),
                ("series?match[]=%7Bproject=%22nobody%22%7D", "[]"),
            ] {
                let answer = try await Self.get("/p/all/api/v1/\(target)", gateway)
                #expect(answer.status == 200, "\(target)")
                #expect(answer.body == #"{"status":"success","data":\#(data)}"#, "\(target)")
            }
        }
    }

    @Test func metadataIsTheUnionAndItsLimitsAreItsOwn() async throws {
        try await withGateway { gateway in
            for (target, data) in [
                (
                    "metadata",
                    #"{"up":[{"type":"gauge","unit":"","help":"from a"},"#
                        + #"{"type":"gauge","unit":"","help":"from b"}]}"#
                ),
                (
                    "metadata?limit_per_metric=1",
                    #"{"up":[{"type":"gauge","unit":"","help":"from a"}]}"#
                ),
                ("metadata?limit=0", "{}"), ("metadata?metric=nope", "{}"),
            ] {
                let answer = try await Self.get("/p/all/api/v1/\(target)", gateway)
                #expect(answer.body == #"{"status":"success","data":\#(data)}"#, "\(target)")
            }
            let refused = try await Self.get("/p/all/api/v1/metadata?limit=x", gateway)
            #expect(refused.status == 400)
            #expect(refused.body.contains("limit must be a number"))
        }
    }

    @Test func aRegularProjectCarriesItsOwnNameToo() async throws {
        try await withGateway { gateway in
            let answer = try await Self.get("/p/b/api/v1/series?match[]=up", gateway)
            #expect(answer.body.contains(#""project":"b""#))
            let values = try await Self.get("/p/b/api/v1/label/project/values", gateway)
            #expect(values.body == #"{"status":"success","data":["b"]}"#)
        }
    }

    @Test func aMissingMemberIsAWarningOrAnErrorAndAlwaysNamed() async throws {
        try await withGateway { gateway in
            let partial = try await Self.get("/p/most/api/v1/label/project/values", gateway)
            #expect(partial.status == 200)
            #expect(
                partial.body.hasPrefix(
                    #"{"status":"success","data":["a","b"],"warnings":["project \"c\": "#))
            for target in [
                "/p/strict/api/v1/labels", "/p/most/api/v1/labels?partial_response=false",
                // Nobody is left to answer.
                "/p/c/api/v1/labels", "/p/most/api/v1/series?match[]=%7Bproject=%22c%22%7D",
            ] {
                let refused = try await Self.get(target, gateway)
                #expect(refused.status == 503, "\(target)")
                #expect(refused.body.contains(#""errorType":"unavailable""#))
                #expect(refused.body.contains(#"project \"c\": "#))
            }
            let pruned = try await Self.get(
                "/p/strict/api/v1/labels?match[]=up%7Bproject!=%22c%22%7D", gateway)
            #expect(pruned.status == 200)
            #expect(!pruned.body.contains("warnings"))
        }
    }

    @Test(arguments: [
        ("series", "no match[] parameter provided"),
        (
            "series?match[]=%7B%7D",
            #"invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"#
        ),
        (
            "labels?match[]=%7Bproject=~%22.*%22%7D",
            "match[] must contain at least one non-empty matcher"
        ),
        ("labels?limit=-1", #"invalid parameter \"limit\": limit must be non-negative"#),
        (
            "labels?start=x",
            #"invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp"#
        ),
        (
            "label/job/values?partial_response=maybe",
            #"invalid parameter \"partial_response\": \"maybe\" is not one of true, false, safe"#
        ),
    ])
    func wrongParametersAreRefusedInPrometheussWords(target: String, text: String) async throws {
        try await withGateway { gateway in
            let answer = try await Self.get("/p/most/api/v1/\(target)", gateway)
            #expect(answer.status == 400)
            #expect(
                answer.body == #"{"status":"error","errorType":"bad_data","error":"\#(text)"}"#)
        }
    }

    @Test func queriesGoThroughTheSameMembers() async throws {
        try await withGateway { gateway in
            let union = try await Self.get(
                "/p/all/api/v1/query?query=count(up)by(project)", gateway)
            #expect(union.status == 200)
            #expect(union.body.contains(#""metric":{"project":"a"}"#))
            let constant = try await Self.get("/p/c/api/v1/query?query=1%2B1", gateway)
            #expect(constant.status == 200)
            let plan = try await Self.get("/p/all/api/v1/explain?query=sum(up)", gateway)
            #expect(plan.status == 200)
        }
    }
}
