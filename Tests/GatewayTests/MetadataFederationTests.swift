import PrometheusWire
import Synchronization
import Testing
import TimeSeries
import Upstream

@testable import Federation
@testable import Gateway

/// Labels and series over several members are those of one server that holds everything.
@Suite struct MetadataFederationTests {
    /// A member that holds series and remembers what it was asked.
    final class MockMember: MetadataSource {
        let seriesHeld: [LabelSet]
        let isDown: Bool
        let questions = Mutex<[String]>([])

        init(_ series: [[String: String]], isDown: Bool = false) {
            seriesHeld = series.map { LabelSet($0) }
            self.isDown = isDown
        }

        private func note(_ kind: String, _ question: MetadataQuestion) throws(UpstreamError) {
            let limit = question.limit.map { " limit \($0)" } ?? ""
            questions.withLock {
                $0.append("\(kind) \(question.selectors.joined(separator: " "))\(limit)")
            }
            if isDown { throw .unavailable("down") }
        }

        func labelNames(_ question: MetadataQuestion) throws(UpstreamError) -> MetadataReply<String>
        {
            try note("labels", question)
            let names = Set(seriesHeld.flatMap { $0.pairs.map(\.name) }).sorted()
            return MetadataReply(elements: Array(names.prefix(question.limit ?? .max)))
        }

        func labelValues(
            of name: String, _ question: MetadataQuestion
        ) throws(UpstreamError) -> MetadataReply<String> {
            try note("values of \(name)", question)
            return MetadataReply(elements: Set(seriesHeld.compactMap { $0[name] }).sorted())
        }

        func families(
            metric: String?, _ question: MetadataQuestion
        ) throws(UpstreamError) -> MetadataReply<MetricFamily> {
            try note("metadata of \(metric ?? "all")", question)
            let own = MetricDescription(type: "gauge", help: "has \(seriesHeld.count)")
            return MetadataReply(elements: [
                MetricFamily(name: "up", descriptions: [own, MetricDescription(type: "gauge")])
            ])
        }

        func series(_ question: MetadataQuestion) throws(UpstreamError) -> MetadataReply<LabelSet> {
            try note("series", question)
            let cut = seriesHeld.prefix(question.limit ?? .max)
            return MetadataReply(
                elements: Array(cut),
                warnings: cut.count < seriesHeld.count
                    ? [RequestLimit.truncationWarning] : ["slow disk"])
        }
    }

    private let a = MockMember([
        ["__name__": "up", "job": "x"], ["__name__": "up", "job": "y", "project": "own"],
    ])
    private let b = MockMember([["__name__": "up", "job": "x", "zone": "z"]])

    private func federation(_ members: (String, MockMember)...) -> MetadataFederation {
        MetadataFederation(
            members: members.map { .init(name: $0.0, source: $0.1) },
            partition: PartitionLabel(), concurrency: 2)
    }

    private func request(
        _ selectors: [String] = [], limit: Int = 0
    ) throws
        -> MetadataFederation.Request
    {
        MetadataFederation.Request(
            selectors: try MetadataSelectors(selectors, partition: PartitionLabel()), limit: limit)
    }

    @Test func labelNamesAreTheUnionAndTheProjectLabel() async throws {
        let answer = await federation(("a", a), ("b", b)).labelNames(try request())
        #expect(answer.elements == ["__name__", "exported_project", "job", "project", "zone"])
        #expect(answer.asked.count == 2)
    }

    @Test func whereNothingMatchesThereIsNoProjectLabelEither() async throws {
        let empty = MockMember([])
        let answer = await federation(("a", empty)).labelNames(try request(["nope"]))
        #expect(answer.elements == [])
    }

    @Test func valuesOfTheProjectLabelAreMembersThatHaveSomething() async throws {
        let empty = MockMember([])
        let answer = await federation(("b", b), ("a", a), ("c", empty))
            .labelValues(of: "project", try request(["up"]))
        #expect(answer.elements == ["a", "b"])
        #expect(b.questions.withLock { $0 } == [#"labels {__name__="up"} limit 1"#])
    }

    @Test func valuesOfARenamedLabelAreAskedForByTheMembersOwnName() async throws {
        let answer = await federation(("a", a)).labelValues(of: "exported_project", try request())
        #expect(answer.elements == ["own"])
        #expect(a.questions.withLock { $0 } == ["values of project "])
    }

    @Test func matchersOnTheProjectChooseMembersAndAreNotSent() async throws {
        let answer = await federation(("a", a), ("b", b))
            .series(try request([#"up{project="b",job=~"x|y"}"#, #"down{project!="a"}"#]))
        #expect(answer.asked.count == 1)
        #expect(a.questions.withLock { $0 } == [])
        #expect(
            b.questions.withLock { $0 } == [
                #"series {__name__="up",job=~"x|y"} {__name__="down"}"#
            ])
        #expect(answer.elements.map { $0["project"] } == ["b"])
    }

    @Test func aProjectNobodyHasIsAnEmptyAnswerThatAsksNobody() async throws {
        let answer = await federation(("a", a), ("b", b))
            .series(try request([#"{project="nobody"}"#]))
        #expect(answer.asked.count == 0)
        #expect(answer.elements.isEmpty)
    }

    @Test func nothingLeftOfASelectorAsksForEveryName() async throws {
        _ = await federation(("a", a), ("b", b)).series(try request([#"{project="a"}"#]))
        #expect(a.questions.withLock { $0 } == [#"series {__name__=~".+"}"#])
    }

    @Test func matchersOnRenamedLabelsAreSentUnderTheMembersName() async throws {
        _ = await federation(("a", a)).series(try request([#"up{exported_project="own"}"#]))
        #expect(a.questions.withLock { $0 } == [#"series {__name__="up",project="own"}"#])
    }

    @Test func seriesAreSortedWithTheirProjectAndEqualOnesOfTwoMembersStayTwo() async throws {
        let one = MockMember([["__name__": "up", "job": "x"]])
        let answer = await federation(("b", one), ("a", one)).series(try request(["up"]))
        #expect(
            answer.elements.map(\.pairs).map { pairs in
                pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            } == ["__name__=up,job=x,project=a", "__name__=up,job=x,project=b"])
    }

    @Test func theLimitHoldsForTheMergedAnswerAndIsSaid() async throws {
        let answer = await federation(("a", a), ("b", b)).series(try request(["up"], limit: 2))
        #expect(answer.elements.count == 2)
        #expect(answer.isTruncated)
        #expect(a.questions.withLock { $0 } == [#"series {__name__="up"} limit 3"#])
    }

    @Test func exactlyTheLimitIsNoTruncation() async throws {
        let answer = await federation(("a", a), ("b", b)).series(try request(["up"], limit: 3))
        #expect(answer.elements.count == 3)
        #expect(!answer.isTruncated)
        #expect(answer.annotations.warnings == [#"slow disk (project "a", "b")"#])
    }

    @Test func descriptionsOfAMetricAreDistinctAndInOrder() async throws {
        let answer = await federation(("a", a), ("b", b)).families(metric: "up", try request())
        #expect(
            answer.elements == [
                MetricFamily(
                    name: "up",
                    descriptions: [
                        MetricDescription(type: "gauge"),
                        MetricDescription(type: "gauge", help: "has 1"),
                        MetricDescription(type: "gauge", help: "has 2"),
                    ])
            ])
    }

    @Test func aMemberThatFailsIsNamedAndTheOthersAnswer() async throws {
        let down = MockMember([], isDown: true)
        let answer = await federation(("a", a), ("b", down)).labelNames(try request())
        #expect(answer.partial.missing.map { answer.partial.names[$0.member] } == ["b"])
        #expect(answer.elements.contains("job"))
    }

    @Test(arguments: [
        #"{project=~".*"}"#, #"{project!="x"}"#, #"{job=~"a?"}"#, "{}",
    ])
    func selectorsThatAcceptNothingAtAllAreRefusedAsWritten(text: String) {
        #expect(throws: MetadataSelectors.Refusal.selectsEverything) {
            _ = try MetadataSelectors([text], partition: PartitionLabel())
        }
    }
}
