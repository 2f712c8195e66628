import GoText

/// How many samples a query read and held: what `stats` of an answer calls `samples`.
public struct SampleStatistics: Sendable, Equatable {
    /// Samples that selectors delivered, counted at every step.
    public var total: Int64
    /// The same by step; nil where that was not counted.
    public var totalPerStep: [Timestamp: Int64]?
    /// Samples that were new to their window; nil from servers that do not count them.
    public var read: Int64?
    public var readPerStep: [Timestamp: Int64]?
    /// The most that were in memory at once.
    public var peak: Int64

    public init(
        total: Int64 = 0, totalPerStep: [Timestamp: Int64]? = nil, read: Int64? = 0,
        readPerStep: [Timestamp: Int64]? = nil, peak: Int64 = 0
    ) {
        self.total = total
        self.totalPerStep = totalPerStep
        self.read = read
        self.readPerStep = readPerStep
        self.peak = peak
    }

    /// Two parts of one query that ran in different places: what they read adds up, the peak is the
    /// higher one, and what one of them did not count is not known of both.
    public func adding(_ other: SampleStatistics) -> SampleStatistics {
        SampleStatistics(
            total: Self.sum(total, other.total),
            totalPerStep: Self.sum(totalPerStep, other.totalPerStep),
            read: read.flatMap { own in other.read.map { Self.sum(own, $0) } },
            readPerStep: Self.sum(readPerStep, other.readPerStep), peak: max(peak, other.peak))
    }

    private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    private static func sum(
        _ a: [Timestamp: Int64]?, _ b: [Timestamp: Int64]?
    ) -> [Timestamp: Int64]? {
        guard let a, let b else { return nil }
        return a.merging(b, uniquingKeysWith: sum)
    }

    /// As the reference writes it.
    public func append(to out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        Self.append("totalQueryableSamplesPerStep", totalPerStep, to: &out)
        out.append(contentsOf: "\"totalQueryableSamples\":\(total),".utf8)
        Self.append("samplesReadPerStep", readPerStep, to: &out)
        if let read { out.append(contentsOf: "\"samplesRead\":\(read),".utf8) }
        out.append(contentsOf: "\"peakSamples\":\(peak)}".utf8)
    }

    private static func append(_ key: String, _ steps: [Timestamp: Int64]?, to out: inout [UInt8]) {
        guard let steps, !steps.isEmpty else { return }
        out.append(contentsOf: "\"\(key)\":[".utf8)
        for (index, step) in steps.sorted(by: { $0.key < $1.key }).enumerated() {
            out.append(contentsOf: index == 0 ? "[".utf8 : ",[".utf8)
            TimestampText.appendScalar(step.key, to: &out)
            out.append(contentsOf: ",\(step.value)]".utf8)
        }
        out.append(contentsOf: "],".utf8)
    }
}

// MARK: - Reading

extension SampleStatistics {
    /// Reads the value of `stats`, whatever it is; nil unless it is the reference's.
    static func read(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> SampleStatistics? {
        let start = cursor
        do throws(JSONCursor.Failure) {
            var found: SampleStatistics?
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                if key == "samples" {
                    found = try samples(&cursor)
                } else {
                    try cursor.skip()
                }
            }
            return found
        } catch {
            if case .incomplete = error { throw error }
            // Other servers have other statistics: none of ours, but no fault either.
            cursor = start
            try cursor.skip()
            return nil
        }
    }

    private static func samples(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> SampleStatistics? {
        var total: Int64?
        var found = SampleStatistics(read: nil)
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "totalQueryableSamples": total = try count(&cursor)
            case "totalQueryableSamplesPerStep": found.totalPerStep = try steps(&cursor)
            case "samplesRead": found.read = try count(&cursor)
            case "samplesReadPerStep": found.readPerStep = try steps(&cursor)
            case "peakSamples": found.peak = try count(&cursor)
            default: try cursor.skip()
            }
        }
        guard let total else { return nil }
        found.total = total
        return found
    }

    private static func count(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> Int64 {
        let range = try cursor.number()
        guard let count = Int64(String(decoding: cursor.bytes[range], as: UTF8.self)), count >= 0
        else { throw .malformed(range.lowerBound, "no count") }
        return count
    }

    private static func steps(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> [Timestamp: Int64] {
        var found: [Timestamp: Int64] = [:]
        try cursor.array { (cursor) throws(JSONCursor.Failure) in
            try cursor.expect(UInt8(ascii: "["))
            let range = try cursor.number()
            guard let time = NumberScan.time(of: cursor.bytes[range]) else {
                throw .malformed(range.lowerBound, "no time")
            }
            try cursor.expect(UInt8(ascii: ","))
            found[time] = try count(&cursor)
            try cursor.expect(UInt8(ascii: "]"))
        }
        return found
    }
}
