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

extension EndToEndShared {
    struct WrittenQueryTests {
        /// What the selectors of the projects are about, in every place that a name may have.
        private static let ofTheSelector = [
            #"absent(up{cluster="a"})"#, #"absent(up{cluster="nope"})"#,
            #"absent(nope{cluster="a",job="x"})"#, #"absent(nope{cluster=~"a"})"#, "absent(nope)",
            #"absent(nope{cluster="a",cluster="b-eu"})"#, #"absent(nope{cluster=""})"#,
            #"absent(nope{cluster="c_us",project="a"})"#,
            #"absent_over_time(nope{cluster="b-eu"}[5m])"#, #"absent(nope{project="b-eu"})"#,
            "sum by (cluster) (up)", "sum without (cluster) (up)",
            "count by (project, cluster) (up)",
            #"up{cluster!="a"}"#, #"up{cluster=~"a|c_us"}"#, #"up{cluster=""}"#,
            #"up{cluster="a",cluster="b-eu"}"#, #"up{cluster="a",project="b-eu"}"#,
            #"{__name__=~"up|memory",cluster="b-eu"}"#, #"count_values("cluster", up)"#,
            #"label_replace(up, "cluster", "$1", "instance", "(.*)")"#,
            "up * on (cluster) group_left (path) escaped", "up unless on (cluster) lonely",
            "info(ticks_total)", "sum(info(up))", #"info(up, {cluster_name="k1"})"#,
            #"info(up, {__name__="target_info",cluster!="nope"})"#, "max_over_time(up[10m:1m])",
            "count({job=~\".+\"})", "scalar(lonely)", "up + on (instance, job, cluster) up",
        ]

        @Test("Queries chosen by hand are answered as the union of the parts answers them")
        func written() async throws {
            try await expectNoDifferences(
                "one server",
                WrittenQueries.cases + WrittenQueries.cases(WrittenQueries.version3)
                    + WrittenQueries.cases(Self.ofTheSelector),
                annotations: true)
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
