internal import GoText
internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// The parameter of `topk` and its like, as counts of series. One that is below 1 at every step
    /// is no error, whatever its size.
    func counts(
        _ parameter: [Double], of input: [StepSeries]
    ) throws(EvaluationError) -> [Int] {
        let (least, greatest) = Self.extremes(of: parameter)
        switch options.dialect {
        case .prometheus2:
            for value in parameter where !Self.isCount(value) {
                throw .execution("Scalar value \(GoFloat.general(value)) overflows int64")
            }
        case .prometheus3 where greatest < 1:
            return parameter.map { _ in 0 }
        case .prometheus3 where options.language.judgesIdleParameters:
            if greatest.isNaN { throw .execution("Parameter value is NaN") }
            if least <= -0x1p63 {
                throw .execution("Scalar value \(GoFloat.general(least)) underflows int64")
            }
            if greatest >= 0x1p63 {
                throw .execution("Scalar value \(GoFloat.general(greatest)) overflows int64")
            }
        case .prometheus3:
            var work = WorkCounter(budget)
            for (step, value) in parameter.enumerated() where !Self.isCount(value) {
                try work.add(input.count)
                guard input.contains(where: { $0.hasValue(at: step) }) else { continue }
                throw .execution("Scalar value \(GoFloat.general(value)) overflows int64")
            }
        }
        return parameter.map { Int(clamping: GoMath.integer($0)) }
    }

    private static func isCount(_ value: Double) -> Bool { value > -0x1p63 && value < 0x1p63 }

    /// `topk`, `bottomk` and `limitk`: some series of each group, as they are.
    mutating func select(
        _ input: [StepSeries], _ aggregation: Aggregation, counts: [Int]
    ) throws(EvaluationError) -> [StepSeries] {
        let grouping = try Grouping(input, by: GroupingKey(aggregation), within: budget)
        try budget.reserve(grid.count, columns: input.count)
        var work = WorkCounter(budget)
        var chosen = input.map {
            StepSeries(labels: $0.labels, absentFor: grid.count, dropsName: $0.dropsName)
        }
        var ignoresHistograms = false
        var instantOrder: [Int] = []
        for group in grouping.groups {
            for step in 0..<grid.count where counts[step] >= 1 {
                try work.add(group.members.count)
                if aggregation.op == .limitk {
                    var taken = 0
                    for member in group.members where input[member].hasValue(at: step) {
                        if taken == counts[step] { break }
                        taken += 1
                        chosen[member].values[step] = input[member].values[step]
                        if let histogram = input[member].histograms[step] {
                            chosen[member].histograms[step] = histogram
                        }
                    }
                    continue
                }
                var heap = RankedHeap(
                    limit: min(counts[step], group.members.count),
                    prefersGreatest: aggregation.op == .topk)
                for member in group.members {
                    let value = input[member].values[step]
                    if !SampleValue.isAbsent(value) {
                        heap.offer(value, member)
                    } else if !input[member].histograms.isEmpty,
                        input[member].histograms[step] != nil
                    {
                        ignoresHistograms = true
                    }
                }
                for candidate in heap.candidates {
                    chosen[candidate.series].values[step] = candidate.value
                }
                if isSingleStep { instantOrder += try heap.bestFirst(within: budget).map(\.series) }
            }
        }
        if ignoresHistograms {
            state.annotations.add(
                .ignoredHistogram(aggregation: aggregation.op.rawValue),
                at: position(aggregation.range))
        }
        if isSingleStep, aggregation.op != .limitk {
            return instantOrder.map { chosen[$0] }
        }
        return chosen.filter { !$0.isEmpty }
    }

    /// The parameter of `limit_ratio`, capped to -1…1.
    mutating func ratios(
        _ parameter: [Double], of input: [StepSeries], _ aggregation: Aggregation
    ) throws(EvaluationError) -> [Double] {
        let position = position(aggregation.parameter?.sourceRange ?? .none)
        let (least, greatest) = Self.extremes(of: parameter)
        if greatest.isNaN {
            if options.language.judgesIdleParameters { throw .execution("Ratio value is NaN") }
            var work = WorkCounter(budget)
            for (step, value) in parameter.enumerated() where value.isNaN {
                try work.add(input.count)
                guard input.contains(where: { $0.hasValue(at: step) }) else { continue }
                throw .execution("Ratio value NaN is NaN")
            }
        }
        for (extreme, cap, isBeyond) in [(greatest, 1.0, greatest > 1), (least, -1.0, least < -1)]
        where isBeyond {
            state.annotations.add(.ratioOutOfRange(extreme, cappedTo: cap), at: position)
        }
        return parameter.map { min(1, max(-1, $0)) }
    }

    /// `limit_ratio`: series by the hash of their labels.
    func sample(
        _ input: [StepSeries], _ ratios: [Double]
    ) throws(EvaluationError) -> [StepSeries] {
        var result: [StepSeries] = []
        var work = WorkCounter(budget)
        for one in input {
            try work.add(grid.count)
            try budget.reserve(grid.count)
            let hash = Double(XXHash64.hash(one.labels)) / Double(UInt64.max)
            var kept = one
            for step in 0..<grid.count {
                let ratio = ratios[step]
                if ratio >= 0 ? hash < ratio : hash >= 1 + ratio { continue }
                kept.values[step] = SampleValue.absent
                kept.histograms[step] = nil
            }
            if !kept.isEmpty { result.append(kept) }
        }
        return result
    }
}

/// The best of the values offered, as a binary heap with the worst of them on top (Go's
/// `container/heap`, so that equal values fall as they do in Prometheus). NaN is worst of all.
struct RankedHeap {
    struct Candidate {
        var value: Double
        var series: Int
    }

    private(set) var candidates: [Candidate] = []
    private let limit: Int
    private let prefersGreatest: Bool

    init(limit: Int, prefersGreatest: Bool) {
        self.limit = limit
        self.prefersGreatest = prefersGreatest
    }

    mutating func offer(_ value: Double, _ series: Int) {
        let candidate = Candidate(value: value, series: series)
        if candidates.count < limit {
            candidates.append(candidate)
            rise(candidates.count - 1)
        } else if let worst = candidates.first, isBetter(value, than: worst.value) {
            candidates[0] = candidate
            sink(0)
        }
    }

    func bestFirst(within budget: EvaluationBudget) throws(EvaluationError) -> [Candidate] {
        var sorted = candidates
        try sorted.stableSort(within: budget) { precedes($1, $0) }
        return sorted
    }

    private func isBetter(_ value: Double, than worst: Double) -> Bool {
        if worst.isNaN { return !value.isNaN }
        return prefersGreatest ? value > worst : value < worst
    }

    /// Whether `a` is worse than `b`.
    private func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
        if a.value.isNaN { return !b.value.isNaN }
        return prefersGreatest ? a.value < b.value : a.value > b.value
    }

    private mutating func rise(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            if !precedes(candidates[child], candidates[parent]) { return }
            candidates.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var child = 2 * parent + 1
            if child >= candidates.count { return }
            if child + 1 < candidates.count, precedes(candidates[child + 1], candidates[child]) {
                child += 1
            }
            if !precedes(candidates[child], candidates[parent]) { return }
            candidates.swapAt(parent, child)
            parent = child
        }
    }
}

/// The 64-bit xxHash with seed 0 (github.com/Cyan4973/xxHash, the published algorithm), by which
/// `limit_ratio` samples series.
enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { buffer in
            var position = 0
            var result: UInt64
            if buffer.count >= 32 {
                var lanes = (prime1 &+ prime2, prime2, UInt64(0), 0 &- prime1)
                while position + 32 <= buffer.count {
                    lanes.0 = round(lanes.0, word(buffer, position))
                    lanes.1 = round(lanes.1, word(buffer, position + 8))
                    lanes.2 = round(lanes.2, word(buffer, position + 16))
                    lanes.3 = round(lanes.3, word(buffer, position + 24))
                    position += 32
                }
                result =
                    rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12)
                    &+ rotate(lanes.3, 18)
                for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
                    result = (result ^ round(0, lane)) &* prime1 &+ prime4
                }
            } else {
                result = prime5
            }
            result = result &+ UInt64(buffer.count)
            while position + 8 <= buffer.count {
                result ^= round(0, word(buffer, position))
                result = rotate(result, 27) &* prime1 &+ prime4
                position += 8
            }
            if position + 4 <= buffer.count {
                let half = buffer.loadUnaligned(fromByteOffset: position, as: UInt32.self)
                result ^= UInt64(UInt32(littleEndian: half)) &* prime1
                result = rotate(result, 23) &* prime2 &+ prime3
                position += 4
            }
            while position < buffer.count {
                result ^= UInt64(buffer[position]) &* prime5
                result = rotate(result, 11) &* prime1
                position += 1
            }
            result = (result ^ (result >> 33)) &* prime2
            result = (result ^ (result >> 29)) &* prime3
            return result ^ (result >> 32)
        }
    }

    /// The hash of a label set as Prometheus lays it out: names and values in order, each after
    /// its length in bytes (one byte, or 0xFF and three bytes, low first, from 255 on).
    static func hash(_ labels: LabelSet) -> UInt64 {
        var bytes: [UInt8] = []
        for pair in labels.pairs {
            for text in [pair.name, pair.value] {
                let count = text.utf8.count
                if count < 255 {
                    bytes.append(UInt8(count))
                } else {
                    bytes.append(0xFF)
                    for shift in [0, 8, 16] {
                        bytes.append(UInt8(truncatingIfNeeded: count >> shift))
                    }
                }
                bytes.append(contentsOf: text.utf8)
            }
        }
        return hash(bytes)
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value << count) | (value >> (64 - count))
    }

    @inline(__always)
    private static func round(_ accumulator: UInt64, _ input: UInt64) -> UInt64 {
        rotate(accumulator &+ input &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func word(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
