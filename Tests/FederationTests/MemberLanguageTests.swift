import Federation
import GoText
import PromQL
import Testing
import TimeSeries

/// What two members are asked, of which the first speaks the given version and the second one that
/// nobody knows.
private func asked(_ query: String, _ version: LanguageVersion) throws -> [String] {
    var scope = FederationScope(members: ["a", "b"])
    scope.languages = [version, nil]
    let plan = try Planner.plan(
        try parseExpression(query, options: .everything), on: .instant(600_000), in: scope)
    return plan.fetches.map(\.text)
}

@Suite struct MemberLanguageTests {
    private static let smoothing3 = "double_exponential_smoothing(x[5m], 0.3, 0.6)"
    private static let smoothing2 = "holt_winters(x[5m], 0.3, 0.6)"

    @Test(arguments: [
        (LanguageVersion(2, 55), smoothing2), (LanguageVersion(3, 0), smoothing3),
        (LanguageVersion(3, 5), smoothing3),
    ])
    func `A renamed function goes to each member by the name it has there`(
        version: LanguageVersion, expected: String
    ) throws {
        for query in [Self.smoothing2, Self.smoothing3] {
            #expect(try asked(query, version) == [expected, query])
            #expect(try asked("max by (project) (\(query))", version).first == "max(\(expected))")
        }
    }

    @Test(arguments: [
        ("absent_over_time(x[5m])", LanguageVersion(2, 26), "group(last_over_time(x[5m]))"),
        (
            "absent_over_time(x[5m])", LanguageVersion(2, 25),
            "vector(1) unless on () absent_over_time(x[5m])"
        ),
        (
            "absent_over_time(rate(x[1m])[5m:1m])", LanguageVersion(2, 19),
            "vector(1) unless on () absent_over_time(rate(x[1m])[5m:1m])"
        ),
        ("absent(x)", LanguageVersion(2, 20), "group(x)"),
        ("absent(x)", LanguageVersion(2, 19), "count(x)"),
    ])
    func `What the planner itself puts into the text is known to the member's version`(
        query: String, version: LanguageVersion, expected: String
    ) throws {
        #expect(try asked(query, version).first == expected)
    }

    @Test func `A name in quotes goes to a 2.x member as a matcher`() throws {
        let query = #"{"a.b",job="x"}"#
        #expect(
            try asked(query, LanguageVersion(2, 55)) == [#"{__name__="a.b",job="x"}"#, query])
        #expect(try asked(query, LanguageVersion(3, 0)) == [query, query])
    }

    /// As Prometheus's changelog has them.
    @Test func `Functions between 2.42 and 3.5 are known from the version that brought them`() {
        let lowest = LanguageVersion(2, 42)
        var brought: [LanguageVersion: Set<Function>] = [:]
        for function in Function.allCases {
            guard function.introduced > lowest, function.introduced <= LanguageVersion(3, 5) else {
                continue
            }
            brought[function.introduced, default: []].insert(function)
        }
        #expect(
            brought == [
                LanguageVersion(2, 47): [.histogramStddev, .histogramStdvar],
                LanguageVersion(2, 49): [.madOverTime, .sortByLabel, .sortByLabelDesc],
                LanguageVersion(2, 51): [.histogramAvg],
                LanguageVersion(3, 0): [.doubleExponentialSmoothing, .info],
                LanguageVersion(3, 5): [.tsOfLastOverTime, .tsOfMaxOverTime, .tsOfMinOverTime],
            ])
        #expect(
            Function.allCases.filter { $0.removed != nil } == [.holtWinters])
    }

    @Test func `Every function is known from some version of Prometheus on`() {
        for function in Function.allCases {
            #expect(function.introduced >= LanguageVersion(2, 0))
            #expect(function.removed.map { $0 > function.introduced } ?? true)
        }
    }
}
