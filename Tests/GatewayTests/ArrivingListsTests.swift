import GatewayConfiguration
import HTTPTransport
import Logging
import PrometheusServer
import ScriptedServers
import Testing

@testable import Federation
@testable import Gateway

/// Lists that are sent while their members are still at work on them.
@Suite(.closesGateways) struct ArrivingListsTests {
    /// What a member does behind the first half of its list.
    private enum Second {
        case wholly
        /// Waits until it is let go, and sends it then.
        case later(Counter)
        case breaks
        /// Waits until the gateway closes, and counts that.
        case never(Counter)
    }

    private static let count = 12_000
    private static let padding = String(repeating: "x", count: 200)
    private static func value(_ number: Int) -> String { "v-\(1_000_000 + number)-\(padding)" }
    private static let even = (0..<count).map { #""\#(value(2 * $0))""# }
    private static let threes = (0..<count).map { #""\#(value(3 * $0))""# }

    private static func server(
        _ elements: [String], _ second: Second, isPacked: Bool
    ) throws -> ScriptedServer {
        try ScriptedServer { request, connection in
            let isObject = request.path.hasSuffix("/metadata")
            guard isObject || request.path.contains("series") || request.path.contains("label")
            else { return connection.answer("{}", status: "404 Not Found") }
            let half = elements.count / 2
            var first = Array(
                (#"{"status":"success","data":\#(isObject ? "{" : "[")"#
                    + elements[..<half].joined(separator: ",")).utf8)
            var rest = Array(
                ("," + elements[half...].joined(separator: ",")
                    + #"\#(isObject ? "}" : "]"),"warnings":["a disk is slow"]}"#).utf8)
            if isPacked {
                let all = compressed(first + rest)
                (first, rest) = (Array(all[..<(all.count / 2)]), Array(all[(all.count / 2)...]))
            }
            _ = connection.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                    + (isPacked ? "Content-Encoding: gzip\r\n\r\n" : "\r\n"))
            _ = connection.chunk(first)
            switch second {
            case .wholly: break
            case .later(let gate):
                for _ in 0..<12_000 where gate.value == 0 { connection.pause(milliseconds: 10) }
                if gate.value == 0 { return false }
            case .breaks: return false
            case .never(let cut):
                if connection.waitForEnd(milliseconds: 20_000) { cut.add(1) }
                return false
            }
            _ = connection.chunk(rest)
            return connection.write("0\r\n\r\n")
        }
    }

    private static func withGateway(
        _ x: [String], _ second: Second, _ settings: String = "limits: {heldAnswerBytes: 64KiB}",
        y: [String] = threes, isPacked: Bool = false,
        _ work: @escaping @Sendable (GatewayApplication) async throws -> Void
    ) async throws {
        let servers = [
            try server(x, second, isPacked: isPacked), try server(y, .wholly, isPacked: false),
        ]
        defer { for server in servers { server.stop() } }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let gateway = try GatewayApplication(
            configuration: try Configuration.parse(
                """
                projects:
                  - {name: x, prometheus: {url: "\(servers[0].url)"}}
                  - {name: y, prometheus: {url: "\(servers[1].url)"}}
                  - {name: down, prometheus: {url: "http://127.0.0.1:1"}}
                  - {name: all, memberProjects: [x, y]}
                  - {name: more, memberProjects: [down, x, y]}
                  - {name: x-alone, memberProjects: [x]}
                  - name: pair
                    replicas:
                      - {prometheus: {url: "\(servers[0].url)"}}
                      - {prometheus: {url: "\(servers[1].url)"}}
                  - {name: pairs, memberProjects: [pair]}
                \(settings)
                """, path: "c.yaml"), logger: logger
        ).closedAtTheEnd()
        try await work(gateway)
    }

    /// The elements of an answer.
    private static func data(_ body: String) -> [String] {
        body.dropFirst(Self.body([]).count - 1).prefix { $0 != "]" }.split(separator: ",").map(
            String.init)
    }

    private static let path = "/p/all/api/v1/label/a/values"

    private static func body(_ elements: [String]) -> String {
        #"{"status":"success","data":[\#(elements.joined(separator: ","))]"#
    }

    private static func bytes(_ kind: String, of gateway: GatewayApplication) async throws -> Int {
        let metric = #"tributary_query_memory_bytes{kind="\#(kind)"} "#
        let metrics = try await gateway.responder.ask("/metrics").body
        let line = metrics.split(separator: "\n").first { $0.hasPrefix(metric) }
        return Int(try #require(line.flatMap { Double($0.dropFirst(metric.count)) }))
    }

    private static let union = Set(even + threes).sorted()

    @Test func `Lists in order are the sorted union, with what members say behind them`()
        async throws
    {
        try await Self.withGateway(Self.even, .wholly) { gateway in
            let answer = try await gateway.responder.ask(Self.path)
            #expect(
                answer.body == Self.body(Self.union)
                    + #","warnings":["a disk is slow (project \"x\", \"y\")"]}"#)
        }
    }

    @Test func `The first half of a member's list is with the client before the second comes`()
        async throws
    {
        let gate = Counter()
        let held = "limits: {heldAnswerBytes: 4MiB}"
        try await Self.withGateway(Self.even, .later(gate), held) { gateway in
            try await LoopbackServers.serve(["gateway": gateway.responder]) { ports in
                try await withTransport { transport in
                    let response = try await transport.execute(
                        TransferRequest(
                            url: "http://127.0.0.1:\(ports["gateway"] ?? 0)\(Self.path)"))
                    #expect(response.status == 200)
                    var (all, chunks) = ([UInt8](), response.body.makeAsyncIterator())
                    // All but the part that is being gathered.
                    let known = Self.body(
                        Self.union.filter { $0 <= Self.even[Self.count / 2 - 1] }
                    ).utf8.count
                    while all.count < known - (192 << 10), let chunk = try await chunks.next() {
                        all += chunk
                    }
                    #expect(all.count >= known - (192 << 10))
                    // What was held of both lists, which is 4 MiB, is given back.
                    var lent = try await Self.bytes("lent", of: gateway)
                    for _ in 0..<1000 where lent > 2 << 20 {
                        try await Task.sleep(for: .milliseconds(10))
                        lent = try await Self.bytes("lent", of: gateway)
                    }
                    #expect(lent <= 2 << 20)
                    gate.add(1)
                    while let chunk = try await chunks.next() { all += chunk }
                    #expect(String(decoding: all, as: UTF8.self).hasPrefix(Self.body(Self.union)))
                }
            }
        }
    }

    /// What makes room for the project comes far behind the place that it is shown in.
    @Test func `Names of labels arrive like values, in the order that they are shown in`()
        async throws
    {
        let before = (0..<Self.count).map { #""a-\#(Self.value($0))""# }
        let own = before + [#""project""#] + Self.even
        for policy in ["true", "false"] {
            try await Self.withGateway(own, .wholly) { gateway in
                let answer = try await gateway.responder.ask(
                    "/p/all/api/v1/labels?partial_response=\(policy)")
                let shown = before + [#""exported_project""#, #""project""#] + Self.union
                #expect(
                    answer.body == Self.body(shown)
                        + #","warnings":["a disk is slow (project \"x\", \"y\")"]}"#)
                let peak = try await Self.bytes("lent_peak", of: gateway)
                #expect(peak < 16 << 20)
            }
        }
    }

    private static func families(_ names: [String], _ help: String) -> [String] {
        names.map { $0 + #":[{"type":"gauge","unit":"","help":"\#(help)"}]"# }
    }

    @Test func `Metadata arrives like values, and what members say of one metric stands together`()
        async throws
    {
        let (x, y) = (Self.families(Self.even, "x"), Self.families(Self.threes, "y"))
        let (ofX, ofY) = (Set(Self.even), Set(Self.threes))
        let union = Self.union.map { name in
            let said = (ofX.contains(name) ? ["x"] : []) + (ofY.contains(name) ? ["y"] : [])
            return name + ":["
                + said.map { #"{"type":"gauge","unit":"","help":"\#($0)"}"# }
                .joined(separator: ",") + "]"
        }
        @Sendable func body(_ families: [String]) -> String {
            #"{"status":"success","data":{\#(families.joined(separator: ","))}"#
        }
        try await Self.withGateway(x, .wholly, y: y) { gateway in
            for policy in ["true", "false"] {
                let answer = try await gateway.responder.ask(
                    "/p/all/api/v1/metadata?partial_response=\(policy)")
                #expect(
                    answer.body == body(union)
                        + #","warnings":["a disk is slow (project \"x\", \"y\")"]}"#)
            }
        }
        let cut = Counter()
        try await Self.withGateway(x, .never(cut), y: y) { gateway in
            let answer = try await gateway.responder.ask("/p/all/api/v1/metadata?limit=4000")
            #expect(answer.body == body(Array(union.prefix(4000))) + "}")
            #expect(await cut.reaches(1))
        }
    }

    @Test func `Where all must answer wholly, a merged list is kept and not the members' lists`()
        async throws
    {
        try await Self.withGateway(Self.even, .wholly) { gateway in
            let path = Self.path + "?partial_response=false"
            let answer = try await gateway.responder.ask(path)
            let warning = #"a disk is slow (project \"x\", \"y\")"#
            #expect(answer.body == Self.body(Self.union) + #","warnings":["\#(warning)"]}"#)
            // The two lists take 10 MiB.
            let peak = try await Self.bytes("lent_peak", of: gateway)
            #expect(peak < Self.body(Self.union).utf8.count + 2 << 20)
            #expect(try await Self.bytes("lent", of: gateway) == 0)
            // What members say behind their lists is wanted also where the lists' ends are not.
            let some = try await gateway.responder.ask(path + "&limit=10")
            #expect(
                some.body == Self.body(Array(Self.union.prefix(10)))
                    + #","warnings":["\#(warning)","results truncated due to limit"]}"#)
        }
    }

    @Test func `Where all must answer wholly, a list that is not in order is sorted`() async throws
    {
        var elements = Self.even
        elements[Self.count - 1] = #""a""#
        try await Self.withGateway(elements, .wholly) { [elements] gateway in
            let answer = try await gateway.responder.ask(Self.path + "?partial_response=false")
            #expect(
                answer.body == Self.body(Set(elements + Self.threes).sorted())
                    + #","warnings":["a disk is slow (project \"x\", \"y\")"]}"#)
        }
    }

    @Test func `Lists of replicas are merged while they arrive`() async throws {
        let path = "/p/pairs/api/v1/label/a/values"
        try await Self.withGateway(Self.even, .wholly) { gateway in
            for policy in ["true", "false"] {
                let answer = try await gateway.responder.ask(path + "?partial_response=\(policy)")
                #expect(
                    answer.body == Self.body(Self.union)
                        + #","warnings":["a disk is slow (project \"pair\")"]}"#)
            }
            // With what is kept of the second answer.
            let peak = try await Self.bytes("lent_peak", of: gateway)
            #expect(peak < Self.body(Self.union).utf8.count + 2 << 20)
        }
    }

    @Test func `A replica that breaks off is nothing to tell while another one answers`()
        async throws
    {
        let path = "/p/pairs/api/v1/label/a/values"
        try await Self.withGateway(Self.even, .breaks) { gateway in
            for policy in ["true", "false"] {
                let answer = try await gateway.responder.ask(path + "?partial_response=\(policy)")
                #expect(answer.status == 200)
                #expect(
                    answer.body.hasSuffix(#"],"warnings":["a disk is slow (project \"pair\")"]}"#))
                let data = Set(Self.data(answer.body))
                #expect(data.isSuperset(of: Self.threes))
                #expect(data.contains(Self.even[1000]))
            }
        }
    }

    @Test func `Series of replicas are there once`() async throws {
        @Sendable func own(_ elements: [String]) -> [String] {
            elements.map { #"{"__name__":"m","a":\#($0)}"# }
        }
        try await Self.withGateway(own(Self.even), .wholly, y: own(Self.threes)) { gateway in
            let answer = try await gateway.responder.ask("/p/pairs/api/v1/series?match[]=m")
            let shown = Self.union.map { #"{"__name__":"m","a":\#($0),"project":"pair"}"# }
            #expect(answer.body.hasPrefix(Self.body(shown)))
        }
    }

    @Test func `A member that breaks off behind its first half is named at the end`() async throws {
        try await Self.withGateway(Self.even, .breaks) { gateway in
            let answer = try await gateway.responder.ask(Self.path)
            #expect(answer.status == 200)
            #expect(
                answer.body.hasSuffix(
                    #"],"warnings":["project \"x\": connection closed in the middle of the answer"#
                        + #" (its part of the answer is cut off)","#
                        + #""a disk is slow (project \"y\")"]}"#))
            let last = Self.threes[Self.count - 1]
            #expect(answer.body.contains(last + "]"))
            #expect(answer.body.contains(Self.even[1000]))
            #expect(!answer.body.contains(Self.even[Self.count - 2]))
            // Where it must answer wholly, the answer is an error.
            let refused = try await gateway.responder.ask(Self.path + "?partial_response=false")
            #expect(refused.status == 503)
        }
    }

    @Test func `The limit of the merged list ends the transfers`() async throws {
        let cut = Counter()
        try await Self.withGateway(Self.even, .never(cut)) { gateway in
            let answer = try await gateway.responder.ask(Self.path + "?limit=4000")
            #expect(
                answer.body == Self.body(Array(Self.union.prefix(4000)))
                    + #","warnings":["results truncated due to limit"]}"#)
            #expect(await cut.reaches(1))
        }
    }

    /// Other members may have given the same values, so that they cannot be told from new ones.
    @Test func `Values that come too late cut their member off, which is sorted the next time`()
        async throws
    {
        var elements = Self.even
        elements[Self.count - 2] = Self.threes[0]
        elements[Self.count - 1] = #""a""#
        try await Self.withGateway(elements, .wholly) { [elements] gateway in
            let first = try await gateway.responder.ask(Self.path)
            let data = Self.data(first.body)
            #expect(data == Set(data).sorted())
            #expect(Set(data).isSuperset(of: Self.threes))
            #expect(
                first.body.contains(
                    #""project \"x\": "#) && first.body.contains("its list is not in order")
                    && first.body.contains(" (its part of the answer is cut off)"))
            let second = try await gateway.responder.ask(Self.path)
            #expect(
                second.body == Self.body(Set(elements + Self.threes).sorted())
                    + #","warnings":["a disk is slow (project \"x\", \"y\")"]}"#)
        }
    }

    /// No other member has the series of this one.
    @Test func `Series that come too late are given nevertheless, and sorted the next time`()
        async throws
    {
        @Sendable func shown(_ number: Int, _ project: String) -> String {
            #"{"__name__":"m","a":"\#(Self.value(number))","project":"\#(project)"}"#
        }
        let numbers = Array(1..<Self.count) + [0]
        let own = numbers.map { #"{"__name__":"m","a":"\#(Self.value($0))"}"# }
        try await Self.withGateway(own, .wholly) { gateway in
            let path = "/p/x-alone/api/v1/series?match[]=m"
            let sorted = (0..<Self.count).map { shown($0, "x") }
            let first = try await gateway.responder.ask(path)
            #expect(!first.body.hasPrefix(Self.body(sorted)))
            #expect(first.body.hasPrefix(#"{"status":"success","data":[\#(sorted[1]),"#))
            #expect(first.body.utf8.count(where: { $0 == UInt8(ascii: "{") }) == Self.count + 1)
            #expect(first.body.contains(sorted[0]))
            #expect(first.body.hasSuffix(#","warnings":["a disk is slow (project \"x\")"]}"#))
            let second = try await gateway.responder.ask(path)
            #expect(second.body.hasPrefix(Self.body(sorted)))
        }
    }

    @Test func `What is lent does not grow with the lists`() async throws {
        try await Self.withGateway(Self.even, .wholly) { gateway in
            let answer = try await gateway.responder.ask(Self.path)
            // Held wholly, the two lists took twice as much and more.
            #expect(answer.body.utf8.count > 4 << 20)
            let peak = try await Self.bytes("lent_peak", of: gateway)
            #expect(peak < 4 << 20)
            #expect(try await Self.bytes("lent", of: gateway) == 0)
        }
    }

    @Test func `A packed list is read to its end, or cut off`() async throws {
        try await Self.withGateway(Self.even, .wholly, isPacked: true) { gateway in
            let answer = try await gateway.responder.ask(Self.path)
            #expect(answer.body.hasPrefix(Self.body(Self.union)))
        }
        try await Self.withGateway(Self.even, .breaks, isPacked: true) { gateway in
            let answer = try await gateway.responder.ask(Self.path)
            #expect(answer.body.contains(#" (its part of the answer is cut off)""#))
        }
    }

    @Test func `Members that were missing before are named before those that are cut off`()
        async throws
    {
        try await Self.withGateway(Self.even, .breaks) { gateway in
            let answer = try await gateway.responder.ask("/p/more/api/v1/label/a/values")
            let tail = try #require(answer.body.split(separator: "]", maxSplits: 1).last)
            let places = [#"project \"down\": "#, #"project \"x\": "#, "(its part of the answer"]
                .compactMap { tail.firstRange(of: $0)?.lowerBound }
            #expect(places.count == 3)
            #expect(places == places.sorted())
        }
    }

    @Test func `A member that has more than limits.maxSeries is cut off there`() async throws {
        let settings = "limits: {heldAnswerBytes: 64KiB, maxSeries: 9000}"
        try await Self.withGateway(Self.even, .wholly, settings) { gateway in
            let answer = try await gateway.responder.ask(Self.path)
            #expect(answer.status == 200)
            for name in ["x", "y"] {
                #expect(
                    answer.body.contains(
                        #""project \"\#(name)\": more than 9000 elements (limits.maxSeries)"#
                            + " (its part of the answer is cut off)"))
            }
        }
    }

    @Test func `Series are sent while they arrive, in their order with the labels that are added`()
        async throws
    {
        let gate = Counter()
        let own = (0..<Self.count).flatMap { number in
            let text = #"{"__name__":"m","a":"\#(Self.value(number))""#
            return [text + "}", text + #","b":"x"}"#]
        }
        try await Self.withGateway(own, .later(gate)) { gateway in
            try await LoopbackServers.serve(["gateway": gateway.responder]) { ports in
                try await withTransport { transport in
                    let response = try await transport.execute(
                        TransferRequest(
                            url: "http://127.0.0.1:\(ports["gateway"] ?? 0)"
                                + "/p/x-alone/api/v1/series?match[]=m"))
                    var (all, chunks) = ([UInt8](), response.body.makeAsyncIterator())
                    while all.count < 1 << 20, let chunk = try await chunks.next() { all += chunk }
                    #expect(all.count >= 1 << 20)
                    gate.add(1)
                    while let chunk = try await chunks.next() { all += chunk }
                    let expected = (0..<Self.count).flatMap { number in
                        let text = #"{"__name__":"m","a":"\#(Self.value(number))""#
                        return [
                            text + #","b":"x","project":"x"}"#, text + #","project":"x"}"#,
                        ]
                    }
                    #expect(String(decoding: all, as: UTF8.self).hasPrefix(Self.body(expected)))
                }
            }
        }
    }
}
