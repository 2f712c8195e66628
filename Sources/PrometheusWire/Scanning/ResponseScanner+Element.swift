import GoText
import TimeSeries

/// The series of an answer, one by one.
extension ResponseScanner {
    /// Reads an element up to its samples.
    mutating func readElement(mayEnd: Bool) throws(ScanError) -> Bool {
        element = OpenElement(
            bytes: page.bytes.count, keys: page.keys.count, clock: Self.clock(shape, on: grid))
        if case .fast = speed {
            switch try readFastHead() {
            case .taken: return true
            case .incomplete: return try wait(within: limits.metric, of: Self.labelsAre)
            case .unusual: discard()
            }
        }
        let next = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            try cursor.peek()
        }
        guard let next else { return false }
        if mayEnd, next == UInt8(ascii: "]") {
            position += 1
            state = .tail
            return true
        }
        let (shape, grid, maximum) = (shape, grid, limits.labels)
        let walked = try walk(limit: limits.element) { (cursor) throws(JSONCursor.Failure) in
            try SlowPathElement(&cursor, shape: shape, grid: grid, maximumLabels: maximum)
        }
        guard let walked else { return false }
        try write(walked)
        state = .separator
        return true
    }

    // MARK: - The fast head

    private enum FastHead {
        case taken
        case incomplete
        case unusual
    }

    private static let labelsAre = "the labels of a series are"
    private static let metricHead: StaticString = "{\"metric\":{"
    private static let valuesHead: StaticString = ",\"values\":["
    private static let valueHead: StaticString = ",\"value\":"

    /// The head of an element in Prometheus's own spelling, and the only sample of a vector's.
    /// What it wrote must be discarded if it was not taken.
    private mutating func readFastHead() throws(ScanError) -> FastHead {
        labels.removeAll(keepingCapacity: true)
        let (next, stop) = scanHead()
        switch stop {
        case .closed:
            guard next - position <= limits.metric else {
                throw .tooLarge("\(Self.labelsAre) larger than \(limits.metric) bytes")
            }
        case .incomplete: return .incomplete
        case .unusual: return .unusual
        case .tooManyLabels:
            throw .tooLarge("a series has more than \(limits.labels) labels")
        }
        var end = next
        if case .vector = shape {
            let sample = scanSample(from: next)
            guard let time = sample.time else {
                return sample.end >= count ? .incomplete : .unusual
            }
            guard element.clock.move(to: time) else { return .unusual }
            end = sample.end
        }
        let isCopied = pending.withUnsafeBufferPointer {
            UTF8Text.isValid(UnsafeBufferPointer(rebasing: $0[position..<next]))
                && editor.appendCopied(labels, of: $0, to: &page.bytes, keys: &page.keys)
        }
        if !isCopied { try appendUnusualMetric() }
        page.bytes.append(UInt8(ascii: ","))
        element.samples = page.bytes.count
        position = end
        switch shape {
        case .matrix:
            page.bytes.append(contentsOf: Self.valuesOpening)
            state = .samples
        case .vector:
            page.bytes.append(contentsOf: Self.valueOpening)
            append(next..<end)
            state = .rest
        }
        return .taken
    }

    private static let valuesOpening = Array("\"values\":[".utf8)
    private static let valueOpening = Array("\"value\":".utf8)

    /// Everything before the first sample; its labels are then in `labels`.
    private mutating func scanHead() -> (position: Int, stop: MetricScan.Stop) {
        pending.withUnsafeBufferPointer { bytes in
            guard let p = bytes.baseAddress else { return (position, .unusual) }
            var i = position
            guard MetricScan.take(Self.metricHead, p, at: &i) else {
                return (i, i >= count ? .incomplete : .unusual)
            }
            var (end, stop) = MetricScan.labels(
                p, from: i, count: count, atMost: limits.labels, into: &labels)
            guard case .closed = stop else { return (end, stop) }
            let isTaken =
                switch shape {
                case .matrix: MetricScan.take(Self.valuesHead, p, at: &end)
                case .vector: MetricScan.take(Self.valueHead, p, at: &end)
                }
            if !isTaken { stop = end >= count ? .incomplete : .unusual }
            return (end, stop)
        }
    }

    private func scanSample(from start: Int) -> (end: Int, time: Timestamp?) {
        pending.withUnsafeBufferPointer { bytes in
            guard let p = bytes.baseAddress else { return (start, nil) }
            var i = start
            let time = SampleScan.sample(p, at: &i)
            return (i, time)
        }
    }

    /// Labels that were scanned, but must be renamed, sorted or spelled anew, or are no UTF-8.
    private mutating func appendUnusualMetric() throws(ScanError) {
        // The opening brace of the labels ends the head.
        var cursor = JSONCursor(
            pending, from: position + Self.metricHead.utf8CodeUnitCount - 1, to: count)
        let decoded: [SlowPathElement.Label]
        do throws(JSONCursor.Failure) {
            decoded = try SlowPathElement.labels(&cursor, atMost: limits.labels)
        } catch {
            throw .malformed("labels with escapes that are none")
        }
        try editor.append(decoded, to: &page.bytes, keys: &page.keys)
    }

    private mutating func append(_ range: Range<Int>) {
        pending.withUnsafeBufferPointer {
            page.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range]))
        }
    }

    // MARK: - Samples

    /// Passes samples on as far as they are complete.
    mutating func readSamples() throws(ScanError) -> Bool {
        while true {
            guard page.bytes.count - element.bytes <= limits.element else {
                throw .tooLarge("a series is larger than \(limits.element) bytes")
            }
            let start = position
            var clock = element.clock
            let (end, stop) = pending.withUnsafeBufferPointer { bytes in
                guard let p = bytes.baseAddress else { return (start, SampleScan.Stop.unusual) }
                return SampleScan.samples(p, from: start, count: count, clock: &clock)
            }
            element.clock = clock
            if end > start {
                append(start..<end)
                position = end
            }
            switch stop {
            case .closed:
                state = .rest
                return true
            case .incomplete: return try wait(within: limits.frame)
            case .unusual:
                guard try readUnusualSample() else { return false }
                if case .rest = state { return true }
            }
        }
    }

    /// One sample, or the end of an empty array, in another spelling.
    private mutating func readUnusualSample() throws(ScanError) -> Bool {
        let isFirst = page.bytes.count == element.samples + Self.valuesOpening.count
        var clock = element.clock
        var sample: [UInt8] = []
        let isLast = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            if isFirst, try cursor.accept(UInt8(ascii: "]")) { return true }
            let time = try SlowPathElement.sample(&cursor, to: &sample)
            guard clock.move(to: time) else {
                throw clock.refusal(of: time, at: cursor.position)
            }
            if try cursor.accept(UInt8(ascii: ",")) { return false }
            try cursor.expect(UInt8(ascii: "]"))
            return true
        }
        guard let isLast else { return false }
        element.clock = clock
        if isLast { state = .rest }
        if sample.isEmpty {
            page.bytes.removeSubrange(element.samples...)
        } else {
            page.bytes.append(contentsOf: sample)
            page.bytes.append(UInt8(ascii: isLast ? "]" : ","))
        }
        return true
    }

    /// What follows `values` or `value` in an element: its end, or histograms.
    mutating func readRest() throws(ScanError) -> Bool {
        if position < count, pending[position] == UInt8(ascii: "}") {
            position += 1
            try close()
            return true
        }
        let (shape, grid) = (shape, grid)
        var histograms: [UInt8]?
        let done = try walk(limit: limits.element) { (cursor) throws(JSONCursor.Failure) in
            while try cursor.accept(UInt8(ascii: ",")) {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                switch (key, shape) {
                case ("histograms", .matrix) where histograms == nil:
                    histograms = try SlowPathElement.member(
                        key, &cursor, shape, grid, SlowPathElement.histogram)
                // The other kind of sample, of which there is none.
                case ("histogram", .vector) where try cursor.acceptNull(): break
                case ("metric", _), ("values", _), ("value", _), ("histograms", _),
                    ("histogram", _):
                    throw .twice(key, cursor.position)
                default: try cursor.skip()
                }
            }
            try cursor.expect(UInt8(ascii: "}"))
            return true
        }
        guard done != nil else { return false }
        if let histograms, !histograms.isEmpty {
            if page.bytes.count > element.samples { page.bytes.append(UInt8(ascii: ",")) }
            page.bytes.append(contentsOf: histograms)
            element.hasHistograms = true
        }
        try close()
        return true
    }

    /// Writes an element that the walker read.
    mutating func write(_ walked: SlowPathElement) throws(ScanError) {
        let size = walked.labels.reduce(0) { $0 + $1.name.count + $1.value.count }
        guard size <= limits.metric else {
            throw .tooLarge("\(Self.labelsAre) larger than \(limits.metric) bytes")
        }
        element = OpenElement(bytes: page.bytes.count, keys: page.keys.count)
        try editor.append(walked.labels, to: &page.bytes, keys: &page.keys)
        page.bytes.append(UInt8(ascii: ","))
        element.samples = page.bytes.count
        page.bytes.append(contentsOf: walked.samples)
        element.hasHistograms = walked.hasHistograms
        try close()
    }

    // MARK: - The page

    private mutating func close() throws(ScanError) {
        state = .separator
        guard page.bytes.count > element.samples else { return discard() }
        page.bytes.append(UInt8(ascii: "}"))
        let key = element.keys..<page.keys.count
        let previous = page.series.last.map { page.keys[$0.key] } ?? lastKey[...]
        if trailer.seriesCount > 0, previous.elementsEqual(page.keys[key]) {
            throw .duplicate(LabelSet(key: Array(page.keys[key])))
        }
        page.series.append(
            SeriesPage.Extent(
                key: key, element: element.bytes..<page.bytes.count,
                samples: element.samples..<page.bytes.count,
                hasHistograms: element.hasHistograms))
        page.bytes.append(UInt8(ascii: ","))
        trailer.seriesCount += 1
        if page.bytes.count > 2 * Limits.firstPage, page.bytes.capacity < limits.page {
            // Growing step by step would take twice the room, and copy.
            page.bytes.reserveCapacity(limits.page + limits.page / 4)
        }
        let most = lastKey.isEmpty ? min(limits.page, Limits.firstPage) : limits.page
        if page.bytes.count >= most { flush() }
    }

    /// Takes back what was written of the element.
    private mutating func discard() {
        page.bytes.removeSubrange(element.bytes...)
        page.keys.removeSubrange(element.keys...)
    }
}
