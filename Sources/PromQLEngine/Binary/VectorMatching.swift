internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// Two vectors, element by element with equal keys.
    mutating func matched(
        _ left: [StepSeries], _ right: [StepSeries], _ binary: Binary,
        _ matching: VectorMatching
    ) throws(EvaluationError) -> [StepSeries] {
        var join = try VectorJoin(
            left, right, binary, matching, steps: grid.count, options: options, budget: budget)
        let result = try join.evaluate()
        for note in join.notes { self.note(note, of: binary) }
        return result
    }
}

/// A join of two vectors over all steps: series are paired by key once; only keys with several
/// candidates on a side are looked at step by step.
struct VectorJoin {
    private let binary: Binary
    private let matching: VectorMatching
    private let operation: SampleOperation
    private let options: EngineOptions
    private let steps: Int
    private let budget: EvaluationBudget
    /// The side on which a key may occur several times, and the one on which it must not.
    private let many: [StepSeries]
    private let one: [StepSeries]
    private let isSwapped: Bool
    private let manyNumbers: [Int]
    private let oneNumbers: [Int]
    private let keyCount: Int
    private let key: MatchKey
    private let include: [String]
    private let matchedNames: LabelNames
    private var manyPresence: Presence?
    private var onePresence: Presence?
    private(set) var notes: Set<SampleOperation.Note> = []
    private var failure: (step: Int, error: EvaluationError)?
    private var output: SeriesMerger
    private var resultLabels: [Int: [Int: LabelSet]] = [:]

    init(
        _ left: [StepSeries], _ right: [StepSeries], _ binary: Binary,
        _ matching: VectorMatching, steps: Int, options: EngineOptions, budget: EvaluationBudget
    ) throws(EvaluationError) {
        self.budget = budget
        self.binary = binary
        self.matching = matching
        self.steps = steps
        self.options = options
        operation = SampleOperation(
            binary.op, givesBool: binary.returnsBool, language: options.language)
        isSwapped = matching.cardinality == .oneToMany
        many = isSwapped ? right : left
        one = isSwapped ? left : right
        key = MatchKey(matching)
        let numbers = try key.numbers(left, right, within: budget)
        manyNumbers = isSwapped ? numbers.right : numbers.left
        oneNumbers = isSwapped ? numbers.left : numbers.right
        keyCount = numbers.count
        include = matching.include
        matchedNames = LabelNames(matching.labels)
        output = SeriesMerger(reserving: max(left.count, right.count))
    }

    // `fill_left` stands for the many side and `fill_right` for the one side, also with
    // `group_right`, where those are the right and the left operand: so Prometheus does it and its
    // own tests have it, whatever the words suggest.
    private var fillForOne: Double? { matching.fillRight }
    private var fillForMany: Double? { matching.fillLeft }

    mutating func evaluate() throws(EvaluationError) -> [StepSeries] {
        var work = WorkCounter(budget)
        var ofMany = [[Int]](repeating: [], count: keyCount)
        var ofOne = [[Int]](repeating: [], count: keyCount)
        for (index, number) in manyNumbers.enumerated() { ofMany[number].append(index) }
        for (index, number) in oneNumbers.enumerated() { ofOne[number].append(index) }
        let fills = fillForOne != nil || fillForMany != nil
        for number in 0..<keyCount {
            try work.add(16)
            let (ones, manys) = (ofOne[number], ofMany[number])
            if ones.count == 1, manys.count == 1, !fills {
                try pair(manys[0], ones[0])
            } else if ones.count > 1 || (!ones.isEmpty && !manys.isEmpty) || fills {
                try stepwise(manys, ones)
            }
        }
        if let failure { throw failure.error }
        return output.series
    }

    /// One series on either side: column by column.
    private mutating func pair(_ m: Int, _ o: Int) throws(EvaluationError) {
        let (left, right) = isSwapped ? (one[o], many[m]) : (many[m], one[o])
        let cells = budget.cells
        try budget.reserve(steps)
        var work = WorkCounter(budget)
        var result = StepSeries(
            labels: try labels(many: m, one: o), absentFor: steps, dropsName: dropsName(m, o))
        if left.histograms.isEmpty, right.histograms.isEmpty, !binary.op.isTrim {
            for steps in StepChunks(steps) {
                try work.add(steps.count)
                ColumnOperation.combine(
                    binary.op, steps, left.values, right.values, into: &result.values,
                    givesBool: binary.returnsBool)
            }
        } else {
            for step in 0..<steps {
                try work.add(16)
                guard let a = left.operand(at: step), let b = right.operand(at: step) else {
                    continue
                }
                try set(operation.combine(a, b), at: step, in: &result)
            }
        }
        if result.isEmpty {
            try budget.settle(cells: cells)
        } else {
            try output.add(result, within: budget)
        }
    }

    /// Several series on a side, or fill values: step by step.
    private mutating func stepwise(_ manys: [Int], _ ones: [Int]) throws(EvaluationError) {
        var results: [LabelSet: StepSeries] = [:]
        var order: [LabelSet] = []
        let fillOne = fillForOne
        let fillMany = fillForMany
        let isOneToOne = matching.cardinality == .oneToOne
        var work = WorkCounter(budget)
        for step in 0..<steps {
            try work.add(1 + ones.count + 4 * manys.count)
            var single: Int?
            for o in ones where one[o].hasValue(at: step) {
                if let earlier = single {
                    if try refusesDuplicates(at: step) {
                        fail(at: step, duplicates(earlier, o))
                        return
                    }
                    continue
                }
                single = o
            }
            var matched = false
            var labelsHere: Set<LabelSet> = []
            for m in manys {
                guard let own = many[m].operand(at: step) else { continue }
                var other: SampleOperand?
                if let single {
                    other = one[single].operand(at: step)
                } else if let fillOne {
                    other = .float(fillOne)
                }
                guard let other else { continue }
                let outcome =
                    isSwapped ? operation.combine(other, own) : operation.combine(own, other)
                if !countsFiltered, case .none = outcome.value {
                    if let note = outcome.note { notes.insert(note) }
                    continue
                }
                let labels = try labels(many: m, one: single)
                if isOneToOne ? matched : !labelsHere.insert(labels).inserted {
                    fail(at: step, isOneToOne ? .manyToOne : .ungrouped)
                    return
                }
                matched = true
                try record(
                    outcome, at: step, labels: labels, dropsName: dropsName(m, single),
                    in: &results, &order)
            }
            if !matched, let single, let fillMany, let own = one[single].operand(at: step) {
                let fill = SampleOperand.float(fillMany)
                let outcome =
                    isSwapped ? operation.combine(own, fill) : operation.combine(fill, own)
                try record(
                    outcome, at: step, labels: try labels(many: nil, one: single),
                    dropsName: binary.returnsBool, in: &results, &order)
            }
        }
        for labels in order {
            try work.add(steps)
            if let result = results[labels], !result.isEmpty {
                try output.add(result, within: budget)
            }
        }
    }

    private mutating func record(
        _ outcome: SampleOperation.Outcome, at step: Int, labels: LabelSet, dropsName: Bool,
        in results: inout [LabelSet: StepSeries], _ order: inout [LabelSet]
    ) throws(EvaluationError) {
        var series: StepSeries
        if let known = results.removeValue(forKey: labels) {
            series = known
        } else {
            try budget.reserve(steps)
            order.append(labels)
            series = StepSeries(labels: labels, absentFor: steps, dropsName: dropsName)
        }
        try set(outcome, at: step, in: &series)
        results[labels] = series
    }

    private mutating func set(
        _ outcome: SampleOperation.Outcome, at step: Int, in series: inout StepSeries
    ) throws(EvaluationError) {
        if let note = outcome.note { notes.insert(note) }
        switch outcome.value {
        case .none: break
        case .float(let value): series.values[step] = value
        case .histogram(let histogram):
            try budget.reserve(histogram.cells)
            series.histograms[step] = histogram
        }
    }

    private var countsFiltered: Bool {
        options.dialect != .prometheus2 && options.language.countsFilteredMatches
    }

    /// Of all errors the one of the earliest step is reported.
    private mutating func fail(at step: Int, _ error: EvaluationError) {
        if let failure, failure.step <= step { return }
        failure = (step, error)
    }

    /// Where one side has no element at all, nothing is matched and nothing refused.
    private mutating func refusesDuplicates(
        at step: Int
    ) throws(EvaluationError) -> Bool {
        if fillForOne != nil || fillForMany != nil { return true }
        if manyPresence == nil {
            manyPresence = try Presence(many, steps: steps, within: budget)
        }
        return manyPresence?.steps[step] ?? false
    }

    private func duplicates(_ earlier: Int, _ later: Int) -> EvaluationError {
        var texts = [one[later].labels.quotedText, one[earlier].labels.quotedText]
        if options.dialect == .prometheus3 {
            texts.sort { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        }
        let group = key.key(of: one[later].labels).quotedText
        return .execution(
            "found duplicate series for the match group \(group) on the "
                + (isSwapped ? "left" : "right") + " hand-side of the operation: "
                + "[\(texts[0]), \(texts[1])];many-to-many matching not allowed: matching labels "
                + "must be unique on one side")
    }

    private func dropsName(_ m: Int, _ o: Int?) -> Bool {
        binary.returnsBool || (!binary.dropsNames(in: options.dialect) && many[m].dropsName)
    }

    /// The labels of a result. A missing side is a fill value with the labels of the key.
    private mutating func labels(
        many m: Int?, one o: Int?
    ) throws(EvaluationError) -> LabelSet {
        let cached = resultLabels[m ?? -1]?[include.isEmpty && m != nil ? -1 : o ?? -1]
        if let cached { return cached }
        let ofOne = o.map { one[$0].labels }
        var labels: LabelSet
        if let m {
            labels = many[m].labels
        } else {
            labels = ofOne.map(key.key) ?? .empty
        }
        if binary.op.dropsName(in: options.dialect)
            || (binary.returnsBool && !options.delayedNameRemoval)
        {
            labels = labels.withoutReserved
        }
        if matching.cardinality == .oneToOne {
            labels =
                matching.isOn ? labels.keeping(matchedNames) : labels.removing(matchedNames)
        }
        if !include.isEmpty {
            let source = ofOne ?? m.map { key.key(of: many[$0].labels) } ?? .empty
            try budget.reserve(
                labelBytes: include.reduce(labels.key.count) { $0 + source.valueLength(of: $1) })
            for name in include { labels = labels.setting(name, to: source[name] ?? "") }
        }
        resultLabels[m ?? -1, default: [:]][include.isEmpty && m != nil ? -1 : o ?? -1] = labels
        return labels
    }
}

extension EvaluationError {
    fileprivate static let manyToOne = EvaluationError.execution(
        "multiple matches for labels: many-to-one matching must be explicit "
            + "(group_left/group_right)")
    fileprivate static let ungrouped = EvaluationError.execution(
        "multiple matches for labels: grouping labels must ensure unique matches")
}

extension StepSeries {
    func operand(at step: Int) -> SampleOperand? {
        let value = values[step]
        if !SampleValue.isAbsent(value) { return .float(value) }
        return histograms.isEmpty ? nil : histograms[step].map(SampleOperand.histogram)
    }
}

/// The labels by which the elements of two vectors find each other.
struct MatchKey {
    private let names: LabelNames
    private let isOn: Bool

    init(_ matching: VectorMatching) {
        isOn = matching.isOn
        names = LabelNames(matching.isOn ? matching.labels : matching.labels + ["__name__"])
    }

    func key(of labels: LabelSet) -> LabelSet {
        isOn ? labels.keeping(names) : labels.removing(names)
    }

    /// Numbers the keys of both sides; equal keys have equal numbers.
    func numbers(
        _ left: [StepSeries], _ right: [StepSeries], within budget: EvaluationBudget
    ) throws(EvaluationError) -> (left: [Int], right: [Int], count: Int) {
        var work = WorkCounter(budget)
        var known: [LabelSet: Int] = [:]
        known.reserveCapacity(max(left.count, right.count))
        func number(_ series: StepSeries) throws(EvaluationError) -> Int {
            try work.add(16)
            let key = key(of: series.labels)
            if let number = known[key] { return number }
            known[key] = known.count
            return known.count - 1
        }
        let ofLeft = try left.map(number)
        let ofRight = try right.map(number)
        return (ofLeft, ofRight, known.count)
    }
}

/// At which steps a vector has any element.
struct Presence {
    private(set) var steps: [Bool]

    init(
        _ series: [StepSeries], steps count: Int, within budget: EvaluationBudget
    ) throws(EvaluationError) {
        try self.init(steps: count, within: budget)
        var work = WorkCounter(budget)
        for one in series { try add(one, &work) }
    }

    init(steps count: Int, within budget: EvaluationBudget) throws(EvaluationError) {
        try budget.reserve(count / 8 + 1)
        steps = [Bool](repeating: false, count: count)
    }

    mutating func add(
        _ series: StepSeries, _ work: inout WorkCounter
    ) throws(EvaluationError) {
        for chunk in StepChunks(steps.count) {
            try work.add(chunk.count)
            for step in chunk where !SampleValue.isAbsent(series.values[step]) {
                steps[step] = true
            }
        }
        for step in series.histograms.keys { steps[step] = true }
    }
}

/// `and`, `or` and `unless`: elements of one side are kept by whether the other side has their key
/// at the same step.
struct SetOperation {
    private let op: Binary.Operator
    private let key: MatchKey
    private let steps: Int

    init(_ op: Binary.Operator, _ matching: VectorMatching, steps: Int) {
        self.op = op
        key = MatchKey(matching)
        self.steps = steps
    }

    func evaluate(
        _ left: [StepSeries], _ right: [StepSeries], in evaluator: Evaluator
    ) throws(EvaluationError) -> [StepSeries] {
        let budget = evaluator.budget
        let numbers = try key.numbers(left, right, within: budget)
        switch op {
        case .and:
            let present = try presence(right, numbers.right, count: numbers.count, budget)
            return try filter(left, numbers.left, budget) { number, step in
                present[number]?.steps[step] ?? false
            }
        case .unless:
            let present = try presence(right, numbers.right, count: numbers.count, budget)
            return try filter(left, numbers.left, budget) { number, step in
                !(present[number]?.steps[step] ?? false)
            }
        default:
            let present = try presence(left, numbers.left, count: numbers.count, budget)
            let others = try filter(right, numbers.right, budget) { number, step in
                !(present[number]?.steps[step] ?? false)
            }
            return try evaluator.merged(left + others)
        }
    }

    private func presence(
        _ series: [StepSeries], _ numbers: [Int], count: Int, _ budget: EvaluationBudget
    ) throws(EvaluationError) -> [Presence?] {
        var work = WorkCounter(budget)
        var result = [Presence?](repeating: nil, count: count)
        for (one, number) in zip(series, numbers) {
            var presence: Presence
            if let known = result[number] {
                presence = known
                result[number] = nil
            } else {
                presence = try Presence(steps: steps, within: budget)
            }
            try presence.add(one, &work)
            result[number] = presence
        }
        return result
    }

    private func filter(
        _ series: [StepSeries], _ numbers: [Int], _ budget: EvaluationBudget,
        _ keeps: (_ number: Int, _ step: Int) -> Bool
    ) throws(EvaluationError) -> [StepSeries] {
        var work = WorkCounter(budget)
        var result: [StepSeries] = []
        result.reserveCapacity(series.count)
        for (one, number) in zip(series, numbers) {
            let cells = budget.cells
            try budget.reserve(one.values.count)
            var kept = one
            for steps in StepChunks(kept.values.count) {
                try work.add(steps.count)
                for step in steps where !keeps(number, step) {
                    kept.values[step] = SampleValue.absent
                    if !kept.histograms.isEmpty { kept.histograms[step] = nil }
                }
            }
            if kept.isEmpty {
                try budget.settle(cells: cells)
            } else {
                result.append(kept)
            }
        }
        return result
    }
}
