import GoText
import PrometheusWire
import TimeSeries

/// The exact walker: one member of an object, element, line or sample at a time.
extension LokiAnswerReader {
    /// Reads what comes next.
    ///
    /// - Returns: false, with nothing read, where it has not arrived wholly, and at the end.
    mutating func step() throws(LokiAnswerError) -> Bool {
        if case .values(let isFirst) = state, scanLines(isFirst: isFirst) { return true }
        var cursor = JSONCursor(pending, from: position)
        cursor.skipSpace()
        if case .head = state, cursor.position < pending.count {
            try checkStart(pending[cursor.position])
        }
        do throws(JSONCursor.Failure) {
            guard let next = try read(&cursor) else { return false }
            state = next
        } catch .incomplete {
            return false
        } catch {
            throw LokiAnswerError(error)
        }
        position = cursor.position
        return true
    }

    private func checkStart(_ byte: UInt8) throws(LokiAnswerError) {
        switch byte {
        case UInt8(ascii: "{"): return
        case UInt8(ascii: "<"): throw .notLoki("it sent HTML")
        default: throw .notLoki("it sent something else than a JSON object")
        }
    }

    /// - Returns: what comes behind it; nil at the end.
    private mutating func read(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> State? {
        switch state {
        case .head:
            try cursor.expect(UInt8(ascii: "{"))
            return .root(isFirst: true)
        case .root(let isFirst):
            guard try goesOn(&cursor, isFirst, closing: "}") else { return .end }
            return try readRootMember(&cursor)
        case .data(let isFirst):
            guard try goesOn(&cursor, isFirst, closing: "}") else { return .root(isFirst: false) }
            return try readDataMember(&cursor)
        case .elements(let isFirst):
            guard try goesOn(&cursor, isFirst, closing: "]") else { return .data(isFirst: false) }
            return try readElementStart(&cursor, isFirst)
        case .element(let isFirst):
            if try goesOn(&cursor, isFirst, closing: "}") { return try readElementMember(&cursor) }
            try closeElement(at: cursor.position)
            return .elements(isFirst: false)
        case .values(let isFirst):
            guard try goesOn(&cursor, isFirst, closing: "]") else {
                return .element(isFirst: false)
            }
            try readValue(&cursor)
            return .values(isFirst: false)
        case .end:
            cursor.skipSpace()
            position = cursor.position
            if position == pending.count { return nil }
            throw .malformed(position, "something follows the answer")
        }
    }

    /// Passes over a comma; false where the closing bracket stands, which is passed over too.
    private func goesOn(
        _ cursor: inout JSONCursor, _ isFirst: Bool, closing: Unicode.Scalar
    ) throws(JSONCursor.Failure) -> Bool {
        if try cursor.peek() == UInt8(ascii: closing) {
            try cursor.expect(UInt8(ascii: closing))
            return false
        }
        if !isFirst { try cursor.expect(UInt8(ascii: ",")) }
        return true
    }

    /// Whether null stands here, which is passed over.
    private func isNull(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> Bool {
        guard try cursor.peek() == UInt8(ascii: "n") else { return false }
        try cursor.skip()
        return true
    }

    private mutating func readRootMember(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> State {
        let key = try cursor.string()
        try cursor.expect(UInt8(ascii: ":"))
        switch key {
        case "status": status = try cursor.text()
        case "error": failure = try cursor.text()
        case "warnings": warnings += try cursor.notes()
        case "data":
            if try isNull(&cursor) { break }
            try cursor.expect(UInt8(ascii: "{"))
            return .data(isFirst: true)
        default: try cursor.skip()
        }
        return .root(isFirst: false)
    }

    private mutating func readDataMember(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> State {
        let key = try cursor.string()
        try cursor.expect(UInt8(ascii: ":"))
        switch key {
        case "resultType":
            let type = try cursor.string()
            declaredType = ResultType(rawValue: type)
            if declaredType == nil {
                throw .malformed(cursor.position, "a result of type \(GoQuoting.quote(type))")
            }
        case "encodingFlags":
            isCategorized = try cursor.notes().contains {
                $0.utf8.elementsEqual(LogEncoding.categorizeLabels.utf8)
            }
        case "stats":
            _ = try cursor.peek()
            let start = cursor.position
            try cursor.skip()
            statistics = QueryStatistics(
                try JSONValue(parsing: Array(pending[start..<cursor.position])))
        case "result":
            if try isNull(&cursor) { break }
            try cursor.expect(UInt8(ascii: "["))
            return .elements(isFirst: true)
        default: try cursor.skip()
        }
        return .data(isFirst: false)
    }

    /// The opening brace of a stream or a series, or a scalar.
    private mutating func readElementStart(
        _ cursor: inout JSONCursor, _ isFirst: Bool
    ) throws(JSONCursor.Failure) -> State {
        if isFirst, try cursor.peek() != UInt8(ascii: "{") {
            // The time is in milliseconds, and it is known.
            _ = try cursor.number()
            try cursor.expect(UInt8(ascii: ","))
            scalar = try readNumber(&cursor)
            try cursor.expect(UInt8(ascii: "]"))
            try mark(.scalar, at: cursor.position)
            return .data(isFirst: false)
        }
        try cursor.expect(UInt8(ascii: "{"))
        open = OpenElement()
        elementCount &+= 1
        return .element(isFirst: true)
    }

    private mutating func readElementMember(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> State {
        let key = try cursor.string()
        try cursor.expect(UInt8(ascii: ":"))
        switch key {
        case "stream":
            let labels = try readLabels(&cursor)
            try mark(.lines, at: cursor.position)
            open.hasLabels = true
            page.streams.append(LinePage.Stream(number: elementCount, labels: labels))
        case "metric":
            open.labels = try readLabels(&cursor)
            try mark(.series, at: cursor.position)
            open.hasLabels = true
        case "values":
            if try isNull(&cursor) { break }
            try cursor.expect(UInt8(ascii: "["))
            hasMatrix = true
            return .values(isFirst: true)
        case "value": try readSample(&cursor)
        default: try cursor.skip()
        }
        return .element(isFirst: false)
    }

    private mutating func closeElement(at offset: Int) throws(JSONCursor.Failure) {
        guard open.hasLabels else {
            throw .malformed(offset, "an element of the result without labels")
        }
        if !open.times.isEmpty {
            series.append(
                SampleSeries(labels: open.labels, times: open.times, values: open.values))
        }
    }

    private mutating func readLabels(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> LabelSet {
        var pairs: [(name: String, value: String)] = []
        let limit = limits.labels
        try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
            guard pairs.count < limit else { throw .tooMany("more than \(limit) labels") }
            pairs.append((name, try cursor.string()))
        }
        return keepsEmptyLabels ? LabelSet(keepingEmpty: pairs) : LabelSet(pairs)
    }

    /// A line or a sample.
    private mutating func readValue(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) {
        let start = cursor.position
        try cursor.expect(UInt8(ascii: "["))
        guard try cursor.peek() == UInt8(ascii: "\"") else {
            cursor = JSONCursor(pending, from: start)
            return try readSample(&cursor)
        }
        let text = try cursor.string()
        guard let time = Int64(text) else {
            throw .malformed(cursor.position, "a line at \(GoQuoting.quote(text))")
        }
        try cursor.expect(UInt8(ascii: ","))
        let line = try cursor.stringBytes()
        var labels: (metadata: LabelSet, parsed: LabelSet)?
        while try goesOn(&cursor, false, closing: "]") {
            if labels == nil {
                labels = try LineLabelsReader.read(&cursor, atMost: limits.labels)
            } else {
                try cursor.skip()
            }
        }
        try mark(.lines, at: cursor.position)
        let offset = page.bytes.count
        LokiText.append(line, to: &page.bytes)
        let length = Int32(clamping: page.bytes.count - offset)
        page.entries.append(
            LinePage.Entry(
                time: time, lineOffset: offset, lineLength: length, stream: elementCount,
                labels: labels.map { LineLabelsReader.append($0, to: &page) } ?? .init()))
    }

    private mutating func readSample(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) {
        try cursor.expect(UInt8(ascii: "["))
        let range = try cursor.number()
        guard let time = NumberScan.time(of: pending[range]) else {
            throw .malformed(range.lowerBound, "a time that is none")
        }
        try cursor.expect(UInt8(ascii: ","))
        let value = try readNumber(&cursor)
        try cursor.expect(UInt8(ascii: "]"))
        try mark(.series, at: cursor.position)
        if let last = open.times.last, time <= last {
            throw .malformed(cursor.position, "samples that are not in order")
        }
        if let grid, !grid.hasStep(at: time) { throw .offGrid(time) }
        open.times.append(time)
        open.values.append(value)
    }

    private func readNumber(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> Double {
        let text = try cursor.stringBytes()
        guard let value = NumberScan.value(of: text) else {
            throw .malformed(cursor.position, "a value that is no number")
        }
        return value
    }

    /// Notes what the result holds, which is one thing only.
    private mutating func mark(_ found: Content, at offset: Int) throws(JSONCursor.Failure) {
        guard content == nil || content == found else {
            throw .malformed(offset, "streams and series in one result")
        }
        content = found
    }
}

extension StepGrid {
    /// Whether the time is one of the steps.
    func hasStep(at time: Timestamp) -> Bool {
        guard time >= start, time <= end, let length = time.distance(from: start) else {
            return false
        }
        return step == .zero ? length == .zero : length % step == .zero
    }
}

extension LabelSet {
    /// Sorts by name; of a name that occurs twice the last one wins. Labels without a value stay.
    init(keepingEmpty pairs: [(name: String, value: String)]) {
        var values: [ByteString: String] = [:]
        for pair in pairs { values[ByteString(pair.name)] = pair.value }
        var key: [UInt8] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            Self.append(name.text.utf8, to: &key)
            Self.append(value.utf8, to: &key)
        }
        self.init(key: key)
    }
}
