import GoText
import PromQL
import PromQLEngine
import Testing
import TimeSeries

@Suite struct BinaryTests {
    let source = MemorySource([
        (["__name__": "l", "a": "1"], [1, 2]), (["__name__": "l", "a": "2"], [10, 20]),
        (["__name__": "r", "a": "1"], [3, 3]), (["__name__": "r", "a": "3"], [9, 9]),
        (["__name__": "m", "a": "1", "b": "1"], [1, 1]),
        (["__name__": "m", "a": "1", "b": "2"], [2, 2]),
    ])
    let grid = StepGrid(start: 0, end: minutes(1), step: minute)
    let l = metric("l").expression
    let r = metric("r").expression
    let m = metric("m").expression

    func table(_ expression: Expression) throws -> [String: [Double?]] {
        try evaluate(expression, on: grid, source).table
    }

    @Test func `elements with equal keys meet and lose their name`() throws {
        #expect(try table(l.combined(.add, r, VectorMatching())) == ["a=1": [4, 5]])
    }

    @Test func `a comparison filters and keeps the left value and name`() throws {
        #expect(
            try table(l.combined(.less, r, VectorMatching())) == ["__name__=l,a=1": [1, 2]])
        #expect(
            try table(l.combined(.less, r, VectorMatching(labels: ["a"], isOn: true)))
                == ["a=1": [1, 2]])
        #expect(
            try table(l.combined(.greater, r, VectorMatching(), bool: true)) == ["a=1": [0, 0]])
    }

    @Test func `a scalar on the left compares but the vector's value stays`() throws {
        #expect(
            try table(Expression.literal(5).combined(.greater, l))
                == ["__name__=l,a=1": [1, 2]])
    }

    @Test func `many elements need group_left`() throws {
        let on = VectorMatching(labels: ["a"], isOn: true)
        #expect(
            throws: EvaluationError.execution(
                "multiple matches for labels: many-to-one matching must be explicit "
                    + "(group_left/group_right)")
        ) { try table(m.combined(.add, l, on)) }
        #expect(
            throws: EvaluationError.execution(
                "found duplicate series for the match group {a=\"1\"} on the right hand-side of the "
                    + "operation: [{__name__=\"m\", a=\"1\", b=\"1\"}, {__name__=\"m\", a=\"1\", "
                    + "b=\"2\"}];many-to-many matching not allowed: matching labels must be unique "
                    + "on one side")
        ) { try table(l.combined(.add, m, on)) }
        let left = VectorMatching(cardinality: .manyToOne, labels: ["a"], isOn: true)
        #expect(
            try table(m.combined(.multiply, l, left)) == ["a=1,b=1": [1, 2], "a=1,b=2": [2, 4]])
        let right = VectorMatching(cardinality: .oneToMany, labels: ["a"], isOn: true)
        #expect(
            try table(l.combined(.subtract, m, right)) == ["a=1,b=1": [0, 1], "a=1,b=2": [-1, 0]])
    }

    @Test func `group_left copies labels of the one side`() throws {
        let matching = VectorMatching(
            cardinality: .manyToOne, labels: ["a"], isOn: true, include: ["b"])
        // The one side has no b: the label goes, and two results become equal.
        #expect(
            throws: EvaluationError.execution(
                "multiple matches for labels: grouping labels must ensure unique matches")
        ) { try table(m.combined(.multiply, l, matching)) }
    }

    @Test func `duplicates on the one side matter only where the other has elements`() throws {
        let on = VectorMatching(labels: ["a"], isOn: true)
        #expect(try table(metric("none").expression.combined(.add, m, on)).isEmpty)
    }

    @Test func `fill stands in for a missing partner`() throws {
        let fill = VectorMatching(fillLeft: 100, fillRight: 1000)
        #expect(
            try table(l.combined(.add, r, fill))
                == ["a=1": [4, 5], "a=2": [1010, 1020], "a=3": [109, 109]])
    }

    @Test func `with group_right the fills follow the many and the one side`() throws {
        let source = MemorySource([
            (["__name__": "info", "i": "a", "cpu": "0"], [1]),
            (["__name__": "info", "i": "b", "cpu": "0"], [1]),
            (["__name__": "meta", "i": "a"], [100]), (["__name__": "meta", "i": "c"], [300]),
        ])
        func table(_ left: Double?, _ right: Double?) throws -> [String: [Double?]] {
            let matching = VectorMatching(
                cardinality: .oneToMany, labels: ["i"], isOn: true, fillLeft: left,
                fillRight: right)
            let product = metric("meta").expression.combined(
                .multiply, metric("info").expression, matching)
            return try evaluate(product, on: .instant(0), source).table
        }
        #expect(try table(1, nil) == ["cpu=0,i=a": [100], "i=c": [300]])
        #expect(try table(nil, 0) == ["cpu=0,i=a": [100], "cpu=0,i=b": [0]])
        #expect(
            try table(1, 1) == ["cpu=0,i=a": [100], "cpu=0,i=b": [1], "i=c": [300]])
    }

    @Test func `set operators keep whole elements`() throws {
        let all = VectorMatching(cardinality: .manyToMany)
        #expect(try table(l.combined(.and, r, all)) == ["__name__=l,a=1": [1, 2]])
        #expect(try table(l.combined(.unless, r, all)) == ["__name__=l,a=2": [10, 20]])
        #expect(
            try table(l.combined(.or, r, all)) == [
                "__name__=l,a=1": [1, 2], "__name__=l,a=2": [10, 20], "__name__=r,a=3": [9, 9],
            ])
    }

    @Test func `numbers follow IEEE`() throws {
        let cases: [(Binary.Operator, Double, Double, Double)] = [
            (.modulo, -7, 3, -1), (.power, 2, 10, 1024), (.divide, 1, 0, .infinity),
            (.atan2, 0, -1, .pi), (.equal, .nan, .nan, 0), (.notEqual, .nan, .nan, 1),
        ]
        for (op, a, b, expected) in cases {
            let result = try table(Expression.literal(a).combined(op, .literal(b), bool: true))
            #expect(result["scalar"] == [expected, expected])
        }
    }
}

/// What 2.42 does otherwise; each case was found by comparing answers with it.
@Suite struct OldDialectTests {
    let source = MemorySource([
        (["__name__": "l", "a": "1", "b": "1"], [1]), (["__name__": "l", "a": "1", "b": "2"], [9]),
        (["__name__": "r", "a": "1"], [5]), (["__name__": "i", "a": "1"], [.infinity]),
    ])

    func table(
        _ expression: Expression, _ dialect: EngineOptions.Dialect
    ) throws -> [String: [Double?]] {
        try evaluate(expression, on: .instant(0), source) { $0.dialect = dialect }.table
    }

    @Test func `a comparison counts matches after it has filtered`() throws {
        let compared = metric("l").expression.combined(
            .less, metric("r").expression, VectorMatching(labels: ["a"], isOn: true))
        #expect(try table(compared, .prometheus2) == ["a=1": [1]])
        #expect(throws: EvaluationError.self) { try table(compared, .prometheus3) }
    }

    @Test func `atan2 keeps the name`() throws {
        let angle = metric("r").expression.combined(.atan2, .literal(0))
        #expect(try table(angle, .prometheus2).keys.contains("__name__=r,a=1"))
        #expect(try table(angle, .prometheus3).keys.contains("a=1"))
    }

    @Test func `the variance of a lone infinity is zero`() throws {
        let variance = metric("i").expression.aggregated(.stdvar)
        #expect(try table(variance, .prometheus2)[""] == [0])
        #expect(close(try table(variance, .prometheus3)[""], [.nan]))
    }

    @Test func `a sum is not compensated`() throws {
        let source = MemorySource(
            [1, 1e100, -1e100].enumerated().map { i, value in
                (["__name__": "x", "i": String(i)], [value])
            })
        let sum = metric("x").expression.aggregated(.sum)
        for (dialect, expected) in [
            (EngineOptions.Dialect.prometheus2, 0.0), (.prometheus3, 1),
        ] {
            let result = try evaluate(sum, on: .instant(0), source) { $0.dialect = dialect }
            #expect(result.table[""] == [expected])
        }
    }
}
