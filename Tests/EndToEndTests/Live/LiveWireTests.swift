import Foundation
import RealServers
import Testing

extension LiveMembers {
    /// The gateway in front of one member shows its rules, alerts, targets and exemplars in the same
    /// bytes: without the label, and without the project's name before files and pools.
    struct LiveWireTests {
        private static let requests = WireRequest.lines(
            #"""
            GET rules
            GET rules | type=alert
            GET rules | type=Record
            GET alerts
            GET alertmanagers
            GET targets
            GET targets | state=active
            GET targets | state=DROPPED
            GET targets | state=any
            GET targets | state=x
            GET targets | scrapePool=nope
            GET targets | scrapePool=shop
            GET targets | scrapePool=gone | state=active
            GET scrape_pools
            GET targets/metadata | metric=orders
            GET targets/metadata | metric=nope
            GET targets/metadata | match_target={job="shop"}
            GET targets/metadata | match_target={job=~"sh.*"} | metric=orders
            GET targets/metadata | match_target={job="nope"}
            GET targets/metadata | match_target=up
            GET targets/metadata | limit=0
            GET targets/metadata | metric=orders | limit=1
            GET query_exemplars | query=orders_total | start=1 | end=2000000000
            POST query_exemplars | query=orders_total | start=1 | end=2000000000
            GET query_exemplars | query=orders_total
            GET query_exemplars | query=rate(orders_total{code="200"}[5m]) > 0 | start=1700000000.5 | end=1700000000.5
            GET query_exemplars | query=orders_total | start=1700000000.501 | end=1700000002
            GET query_exemplars | query=orders_total{code="200"} + ignoring(code) orders_total{code="500"} | start=2023-11-14T22:13:20Z | end=2023-11-14T22:13:22Z
            GET query_exemplars | query=orders_total offset 5m | start=1 | end=2000000000
            GET query_exemplars | query=nope | start=1 | end=2000000000
            GET query_exemplars | query=test | start=1700000000000 | end=1700000300000
            GET query_exemplars | query=1 + 1
            GET status/walreplay
            GET //federate | match[]=orders_total
            GET //federate | match[]={job="gone"}
            GET //federate | match[]=orders_total | match[]=up | match[]={__name__=~"orders:.*"}
            GET //federate | match[]=ALERTS{alertname="Gone"}
            GET //federate | match[]=nope
            GET //federate
            RAW GET /federate?match[]=orders_total Accept-Encoding: gzip
            RAW GET /federate?match[]=up Accept-Encoding: deflate
            RAW GET /api/v1/rules Accept-Encoding: gzip
            RAW GET /api/v1/alerts Origin: http://g
            """#)

        @Test("Documents have the member's bytes", arguments: requests)
        func document(request: WireRequest) async throws {
            let scene = try LiveScene.required()
            try await offPool {
                var asked = request
                asked.target = asked.target.replacingOccurrences(
                    of: "scrapePool=shop", with: "scrapePool=a%2Fshop"
                ).replacingOccurrences(of: "scrapePool=gone", with: "scrapePool=a%2Fgone")
                let prefix = "/p/a"
                asked.target = prefix + asked.target
                let server = HTTPAddress(port: scene.gateway.port)
                let (theirs, ours) = try LiveScene.settled(
                    members: { try request.answer(from: scene.a.address) },
                    gateway: { try asked.answer(from: server) })
                #expect(ours.withoutTheProject == Self.corrected(theirs, request))
            }
        }

        /// A rule without labels has the gateway's label, and without it an empty set.
        private static func corrected(_ answer: WireAnswer, _ request: WireRequest) -> WireAnswer {
            answer.replacing(
                "(job) (orders_total \\u003c 100)\",",
                with: "(job) (orders_total \\u003c 100)\",\"labels\":{},")
        }
    }
}

extension WireAnswer {
    /// Without what the gateway adds to the member `a`.
    fileprivate var withoutTheProject: WireAnswer {
        withoutProject("a").replacing("\"file\":\"a/", with: "\"file\":\"")
            .replacing("\"scrapePool\":\"a/", with: "\"scrapePool\":\"")
            .replacing("{\"a/", with: "{\"").replacing("[\"a/", with: "[\"").replacing(
                ",\"a/", with: ",\""
            )
            .replacing("project=\"a\",", with: "").replacing(",project=\"a\"", with: "")
    }
}
