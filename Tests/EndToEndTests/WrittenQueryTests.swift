import Testing

extension EndToEnd {
    struct WrittenQueryTests {
        @Test("Queries chosen by hand are answered as the union oracle answers them")
        func written() async throws {
            let scene = try Scene.required()
            let differences = try await offPool {
                try WrittenQueries.cases.compactMap { question -> String? in
                    let ours = try question.answer(from: scene.gateway.project("all"))
                    let theirs = try question.answer(from: scene.oracle.address)
                    let what = AnswerComparison(query: question.query)
                        .difference(gateway: ours, oracle: theirs)
                    return what.map {
                        "\($0)\n    \(question)\n    gateway: \(ours.summary)\n    oracle:  \(theirs.summary)"
                    }
                }
            }
            print(
                "end to end: \(WrittenQueries.cases.count) written queries,",
                "\(differences.count) differences")
            for difference in differences { Issue.record("\(difference)") }
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
