import Answers
import GoText
import RealServers
import Testing

/// Asks each query of the gateway and of the union oracle.
private func expectNoDifferences(
    _ name: String, _ cases: [QueryCase], annotations: Bool
) async throws {
    let scene = try Scene.required()
    let clock = ContinuousClock()
    let began = clock.now
    let differences = try await offPool {
        try cases.compactMap { question -> String? in
            let ours = try question.answer(from: scene.gateway.project("all"))
            let theirs = try question.answer(from: scene.oracle.address)
            let what = UnionComparison(query: question.query, annotations: annotations)
                .difference(gateway: ours, oracle: theirs)
            return what.map {
                "\($0)\n    \(question)\n    gateway: \(ours.summary)\n    oracle:  \(theirs.summary)"
            }
        }
    }
    print(
        "\(name): \(cases.count) written queries, \(differences.count) differences,",
        "\(clock.now - began)")
    for difference in differences { Issue.record("\(difference)") }
}

extension EndToEndVersion2 {
    struct WrittenQueryTests {
        @Test("Queries chosen by hand are answered as a union of 2.42 answers them")
        func written() async throws {
            try await expectNoDifferences("Prometheus 2", WrittenQueries.cases, annotations: false)
        }
    }
}

extension EndToEndDelayedNames {
    struct WrittenQueryTests {
        @Test("Queries chosen by hand are answered as a union that removes names late does")
        func written() async throws {
            try await expectNoDifferences(
                "delayed names", WrittenQueries.cases(WrittenQueries.plans), annotations: true)
        }
    }
}

extension EndToEnd {
    struct WrittenQueryTests {
        @Test("Queries chosen by hand are answered as the union oracle answers them")
        func written() async throws {
            try await expectNoDifferences(
                "end to end",
                WrittenQueries.cases + WrittenQueries.cases(WrittenQueries.version3),
                annotations: true)
        }

        @Test(
            "What every Prometheus refuses, the oracle refuses: the list is right",
            arguments: WrittenQueries.invalid)
        func invalidIsInvalid(query: String) async throws {
            let scene = try Scene.required()
            let times = QueryCase.Times.instant(FederationData.start + 30 * 60_000)
            let answer = try await offPool {
                try QueryCase(query: query, times: times).answer(from: scene.oracle.address)
            }
            #expect(answer.status >= 400, "\(answer.summary)")
        }

        @Test(
            "An instant query may be asked by GET and by POST, at the project and at the root",
            arguments: ["/p/all", ""])
        func methods(prefix: String) async throws {
            let scene = try Scene.required()
            try await offPool {
                let gateway = HTTPAddress(port: scene.gateway.port, prefix: prefix)
                let question = QueryCase(
                    query: "sum by (project) (up)", times: .instant(FederationData.start + 600_000))
                let got = try gateway.get(question.path, question.parameters)
                let posted = try gateway.post(question.path, question.parameters)
                #expect(got.status == 200)
                #expect(got.text == posted.text)
                #expect(got.header("content-type") == "application/json")
            }
        }
    }
}
