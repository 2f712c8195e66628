import RealServers
import Testing

/// The gateway in front of one Prometheus is that Prometheus, byte by byte.
@Suite("Wire", .wireScene, .serialized)
struct WireTests {
    struct Answers {
        var gateway: WireAnswer
        var plain: WireAnswer
        var labelled: WireAnswer
    }

    func answers(_ request: WireRequest) async throws -> Answers {
        let scene = try WireScene.required()
        return try await offPool {
            Answers(
                gateway: try request.answer(from: HTTPAddress(port: scene.gateway.port)),
                plain: try request.answer(from: scene.plain.address),
                labelled: try request.answer(from: scene.labelled.address))
        }
    }

    private func compare(_ request: WireRequest) async throws {
        let answers = try await answers(request)
        let deviations = WireDeviation.all.filter { $0.applies(request) }
        let anyOrder = deviations.contains { $0.anyOrder }
        func right(_ answer: WireAnswer) -> WireAnswer {
            let corrected = deviations.reduce(answer) { $1.corrected($0) }
            return anyOrder ? corrected.withSortedElements : corrected
        }
        let gateway = anyOrder ? answers.gateway.withSortedElements : answers.gateway
        #expect(gateway == right(answers.labelled))
        #expect(
            answers.gateway.withoutProject(WireScene.project).sorted(anyOrder)
                == right(answers.plain).withoutProject(WireScene.project))
    }

    @Test("Requests are answered with the same bytes", arguments: WireRequest.answered)
    func answered(request: WireRequest) async throws { try await compare(request) }

    @Test("Bad requests are refused with the same bytes", arguments: WireRequest.refused)
    func refused(request: WireRequest) async throws { try await compare(request) }

    @Test("There are enough bad requests, and none twice")
    func tables() {
        for table in [WireRequest.refused, WireRequest.answered] {
            #expect(table.count >= 120)
            #expect(Set(table.map(\.line)).count == table.count)
        }
    }

    @Test("Every deviation of the old server is still one", arguments: WireDeviation.all.indices)
    func deviationsAreReal(index: Int) async throws {
        let deviation = WireDeviation.all[index]
        if deviation.anyOrder { return }
        let touched = WireRequest.all.filter(deviation.applies)
        var isReal = false
        for request in touched where !isReal {
            let plain = try await answers(request).plain
            isReal = deviation.corrected(plain) != plain
        }
        #expect(isReal, "\(deviation.name): \(deviation.reason)")
    }

    /// 3.5 says it where it looked; to name both always is right for every cache.
    @Test("What depends on request headers is said to, as 3.14 says it")
    func vary() async throws {
        let scene = try WireScene.required()
        try await offPool {
            let server = HTTPAddress(port: scene.gateway.port)
            for path in ["/api/v1/query?query=1", "/api/v1/query?query=(", "/api/v1/labels"] {
                let answer = try server.get(path)
                let vary = answer.headers.filter { $0.0 == "vary" }.map(\.1).sorted()
                #expect(vary.joined(separator: ", ") == "Accept-Encoding, Origin")
            }
        }
    }
}

extension WireAnswer {
    fileprivate func sorted(_ isWanted: Bool) -> WireAnswer {
        isWanted ? withSortedElements : self
    }
}
