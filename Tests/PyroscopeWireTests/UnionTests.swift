import GoText
import PromQL
import TestSupport
import Testing
import TimeSeries

@testable import PyroscopeWire

/// Every answer over members is that of one server which holds all their profiles.
@Suite("Profiles of members") struct UnionTests {
    @Test("Label names are the union's", arguments: 0..<300)
    func labelNames(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let profiles = ProfileUnion(&random)
        var request = LabelNamesRequest()
        request.matchers = RandomSelectors.some(&random)
        request.end = ProfileUnion.end
        let answers = try profiles.answers(
            { try request.request(toMember: $0, restriction: []) }, { try $0.answer($1) })
        #expect(LabelNamesResponse.merging(answers) == (try profiles.union.answer(request)))
    }

    @Test("Label values are the union's", arguments: 0..<300)
    func labelValues(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let profiles = ProfileUnion(&random)
        var request = LabelValuesRequest()
        request.name = random.pick(RandomSelectors.names)
        request.matchers = RandomSelectors.some(&random)
        request.end = ProfileUnion.end
        let values = try profiles.members.map { member -> [String] in
            guard let question = try LabelValuesQuestion(request, toMember: member.labels) else {
                return []
            }
            let codec = random.pick(ConnectCodec.allCases)
            let body = question.bytes(codec)
            let answer: [UInt8]
            switch question.method {
            case .labelValues:
                let request = try LabelValuesRequest(body, codec: codec)
                answer = try member.store.answer(request).bytes(codec)
            case .labelNames:
                let request = try LabelNamesRequest(body, codec: codec)
                answer = try member.store.answer(request).bytes(codec)
            default:
                let request = try ProfileTypesRequest(body, codec: codec)
                answer = try member.store.answer(request).bytes(codec)
            }
            return try question.values(
                of: request.name, in: answer, codec: codec, labels: member.labels)
        }
        #expect(LabelValuesResponse.merging(values) == (try profiles.union.answer(request)))
    }

    @Test("Series are the union's", arguments: 0..<300)
    func series(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let profiles = ProfileUnion(&random)
        var request = SeriesRequest()
        request.matchers = RandomSelectors.some(&random)
        request.labelNames = random.some(RandomSelectors.names)
        request.end = ProfileUnion.end
        let answers = try profiles.answers(
            { try request.request(toMember: $0, restriction: []) }, { try $0.answer($1) })
        let merged = SeriesResponse.merging(answers, labelNames: request.labelNames)
        #expect(merged == (try profiles.union.answer(request)))
    }

    @Test("Profile types are the union's", arguments: 0..<50)
    func profileTypes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let profiles = ProfileUnion(&random)
        var request = ProfileTypesRequest()
        request.end = ProfileUnion.start + 100_000
        let merged = ProfileTypesResponse.merging(
            try profiles.members.map { try $0.store.answer(request) })
        #expect(merged == (try profiles.union.answer(request)))
    }

    @Test("Flame graphs are the union's, cut to what the client asks for", arguments: 0..<300)
    func flameGraphs(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let profiles = ProfileUnion(&random)
        var request = SelectMergeStacktracesRequest()
        request.profileTypeID = random.pick(ProfileUnion.types)
        request.labelSelector = RandomSelectors.one(&random)
        request.end = ProfileUnion.end
        request.maxNodes = random.pick([nil, 0, 3, 10, 50])
        let answers = try profiles.answers(
            { try request.request(toMember: $0, restriction: []) }, { try $0.answer($1) })
        var tree = FlameTree()
        for answer in answers {
            let bytes = answer.answer.bytes(.protobuf)
            let read = try SelectMergeStacktracesResponse(bytes, codec: .protobuf)
            try tree.merge(FlameTree(#require(read.flamegraph)))
        }
        let nodes = try FlameGraphLimit.nodes(asked: request.maxNodes)
        let merged = SelectMergeStacktracesResponse(tree.cut(to: nodes).flameGraph)
        #expect(merged == (try profiles.union.answer(request)))
    }

    @Test("Time series are the union's", arguments: 0..<500)
    func timeSeries(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let profiles = ProfileUnion(&random)
        var request = SelectSeriesRequest()
        request.profileTypeID = random.pick(ProfileUnion.types)
        request.labelSelector = RandomSelectors.one(&random)
        request.start = ProfileUnion.start
        request.end = ProfileUnion.end
        request.step = random.pick([0.5, 15, 60])
        request.groupBy = random.some(RandomSelectors.names)
        request.aggregation = random.pick([nil, .sum, .average])
        request.limit = random.pick([nil, nil, 0, 1, 3])
        let plan: ProfileSeriesPlan
        do throws(ConnectError) {
            plan = try ProfileSeriesPlan(request, members: profiles.members.map(\.labels))
        } catch {
            #expect(error.code == .failedPrecondition)
            #expect(request.aggregation == .average)
            #expect(!request.groupBy.contains("project"))
            return
        }
        let answers = try profiles.answers(
            { plan.request(toMember: $0) }, { try $0.answer($1) })
        #expect(try plan.merging(answers) == profiles.union.answer(request))
    }

    @Test("Statistics have the least and the greatest time of members with profiles")
    func statistics() {
        func stats(
            _ hasAny: Bool, _ oldest: Timestamp, _ newest: Timestamp
        )
            -> GetProfileStatsResponse
        {
            var stats = GetProfileStatsResponse()
            stats.dataIngested = hasAny
            stats.oldestProfileTime = oldest
            stats.newestProfileTime = newest
            return stats
        }
        #expect(
            GetProfileStatsResponse.merging([
                stats(true, 5, 9), stats(false, 0, 0), stats(true, 3, 4),
            ]) == stats(true, 3, 9))
        // What a server says that has none.
        let none = stats(false, .max, .min)
        #expect(GetProfileStatsResponse.merging([none, none]) == none)
        #expect(GetProfileStatsResponse.merging([]) == stats(false, 0, 0))
    }
}

@Suite("What members are asked") struct MemberQuestionTests {
    private let a = PartitionLabel().labels(of: "prod-a")
    private let b = PartitionLabel().labels(of: "prod-b")

    @Test(
        "A matcher on the partition label chooses members, and is not sent",
        arguments: [
            (#"{project="prod-a"}"#, "{}", nil),
            (#"{project=~"prod-.",pod="x"}"#, #"{pod="x"}"#, #"{pod="x"}"#),
            (#"{project!="prod-a",pod=~"a|b"}"#, nil, #"{pod=~"a|b"}"#),
            (#"{project!~"prod-a"}"#, nil, "{}"),
            (#"{project=""}"#, nil, nil),
            (#"{exported_project="x"}"#, #"{project="x"}"#, #"{project="x"}"#),
            (
                #"{exported_exported_project!="x"}"#, #"{exported_project!="x"}"#,
                #"{exported_project!="x"}"#
            ),
            ("{}", "{}", "{}"),
            (#"{"service.name"="a\"b"}"#, #"{"service.name"="a\"b"}"#, #"{"service.name"="a\"b"}"#),
            (#"{project="prod-a",project="prod-b"}"#, nil, nil),
        ] as [(String, String?, String?)])
    func choose(text: String, forA: String?, forB: String?) throws {
        let selector = try ProfileSelector(text)
        #expect(selector.selector(toMember: a)?.text == forA)
        #expect(selector.selector(toMember: b)?.text == forB)
    }

    @Test("A member that shows itself is asked as the client asks") func noLabel() throws {
        let selector = try ProfileSelector(#"{project="x",exported_project="y"}"#)
        #expect(selector.selector(toMember: .none) == selector)
    }

    @Test(
        "What is no selector is an invalid argument",
        arguments: ["", "{", "{a}", "{a=~\"(\"}", "x y"])
    func wrongSelector(text: String) {
        let error = #expect(throws: ConnectError.self) { try ProfileSelector(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.isEmpty == false)
    }

    @Test("Matchers that restrict the client go into every selector") func restriction() throws {
        let restriction = [
            LabelMatcher("team", .equal, "x"), LabelMatcher("project", .notEqual, "prod-b"),
        ]
        var names = LabelNamesRequest()
        #expect(
            try names.request(toMember: a, restriction: restriction)?.matchers == [#"{team="x"}"#])
        #expect(try names.request(toMember: b, restriction: restriction) == nil)
        #expect(try names.request(toMember: a, restriction: [])?.matchers == [])
        names.matchers = ["{pod=\"p\"}", #"{project="prod-b"}"#]
        #expect(
            try names.request(toMember: a, restriction: restriction)?.matchers
                == [#"{pod="p",team="x"}"#])
        var values = LabelValuesRequest()
        values.name = "project"
        // A member may have profiles and none that the client may see.
        #expect(
            try LabelValuesQuestion(values, toMember: a, restriction: restriction)?.method
                == .labelNames)
        #expect(try LabelValuesQuestion(values, toMember: a)?.method == .profileTypes)
        let plan = try ProfileSeriesPlan(
            selectSeries { _ in }, members: [a, b], restriction: restriction)
        #expect(plan.request(toMember: a)?.labelSelector == #"{team="x"}"#)
        #expect(plan.request(toMember: b) == nil)
    }

    @Test("Flame graphs are asked for with all their nodes, and else as the client asks")
    func flameGraph() throws {
        var request = SelectMergeStacktracesRequest()
        request.labelSelector = #"{project="prod-a",pod="p"}"#
        request.maxNodes = 3
        request.spanSelector = ["s"]
        request.stackTraceSelector = StackTraceSelector()
        var asked = request
        asked.labelSelector = #"{pod="p"}"#
        asked.maxNodes = 1_048_576
        #expect(try request.request(toMember: a, restriction: []) == asked)
        #expect(try request.request(toMember: b, restriction: []) == nil)

        var spans = SelectMergeSpanProfileRequest()
        spans.labelSelector = "{}"
        spans.spanSelector = ["s"]
        var askedSpans = spans
        askedSpans.maxNodes = 1_048_576
        #expect(try spans.request(toMember: a, restriction: []) == askedSpans)
    }

    @Test("Series are asked for without added labels and without a limit") func series() throws {
        let request = selectSeries {
            $0.groupBy = ["project", "pod", "exported_project"]
            $0.limit = 5
        }
        let plan = try ProfileSeriesPlan(request, members: [a, b])
        var asked = request
        asked.groupBy = ["pod", "project"]
        asked.limit = nil
        #expect(plan.request(toMember: a) == asked)
    }

    private func selectSeries(_ change: (inout SelectSeriesRequest) -> Void) -> SelectSeriesRequest
    {
        var request = SelectSeriesRequest()
        request.labelSelector = "{}"
        request.step = 15
        change(&request)
        return request
    }

    @Test("Averages of several members are refused unless groups tell them apart")
    func average() throws {
        func code(
            _ selector: String, _ groupBy: [String], _ members: [LabelInjection]
        )
            -> ConnectError.Code?
        {
            let request = selectSeries {
                $0.labelSelector = selector
                $0.groupBy = groupBy
                $0.aggregation = .average
            }
            do throws(ConnectError) {
                _ = try ProfileSeriesPlan(request, members: members)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code("{}", [], [a, b]) == .failedPrecondition)
        #expect(code("{}", ["pod"], [a, b]) == .failedPrecondition)
        #expect(code("{}", ["project"], [a, b]) == nil)
        #expect(code(#"{project="prod-b"}"#, [], [a, b]) == nil)
        #expect(code("{}", [], [a]) == nil)
        #expect(code("{}", [], [.none]) == nil)
        // A static label may be the same for two members.
        let same = PartitionLabel(labels: ["prod-a": ["region": "eu"], "prod-b": ["region": "eu"]])
        let apart = PartitionLabel(labels: ["prod-a": ["region": "eu"], "prod-b": ["region": "us"]])
        let partly = PartitionLabel(labels: ["prod-a": ["region": "eu"]])
        func members(_ partition: PartitionLabel) -> [LabelInjection] {
            ["prod-a", "prod-b"].map { partition.labels(of: $0) }
        }
        #expect(code("{}", ["region"], members(same)) == .failedPrecondition)
        #expect(code("{}", ["region"], members(apart)) == nil)
        #expect(code("{}", ["region"], members(partly)) == .failedPrecondition)
    }

    @Test("A step or an aggregation that is none is an invalid argument")
    func wrongSeries() {
        for step in [0, -1, 0.0001, .nan, .infinity] {
            let error = #expect(throws: ConnectError.self) {
                try ProfileSeriesPlan(selectSeries { $0.step = step }, members: [a])
            }
            #expect(error?.code == .invalidArgument)
        }
        let request = selectSeries { $0.aggregation = SeriesAggregation(rawValue: 7) }
        let error = #expect(throws: ConnectError.self) {
            try ProfileSeriesPlan(request, members: [a])
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test("Points that are off the others' grid are an error that names the member")
    func offGrid() throws {
        func answer(
            _ member: String, _ times: [Timestamp]
        )
            -> MemberAnswer<SelectSeriesResponse>
        {
            var series = ProfileSeries()
            series.points = times.map { ProfileSeries.Point($0, 1) }
            var response = SelectSeriesResponse()
            response.series = [series]
            return MemberAnswer(
                member: member, labels: PartitionLabel().labels(of: member), answer: response)
        }
        let plan = try ProfileSeriesPlan(selectSeries { _ in }, members: [a, b])
        let merged = try plan.merging([
            answer("prod-a", [-14_000, 1_000, 16_000]), answer("prod-b", [16_000, 31_000]),
        ])
        #expect(
            merged.series.map(\.points) == [
                [.init(-14_000, 1), .init(1_000, 1), .init(16_000, 2), .init(31_000, 1)]
            ])
        #expect(throws: ProfileSeriesPlan.OffGrid(member: "prod-b", time: 2_000)) {
            try plan.merging([answer("prod-a", [1_000]), answer("prod-b", [16_000, 2_000])])
        }
        // Nothing is added to the points of one member.
        #expect(throws: Never.self) {
            try plan.merging([answer("prod-a", [1_000, 2_500]), answer("prod-b", [])])
        }
    }
}
