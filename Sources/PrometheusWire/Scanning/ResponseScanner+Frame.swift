import TimeSeries

/// What stands around the series of an answer.
extension ResponseScanner {
    private enum Head {
        /// Everything up to the opening bracket of the result.
        case streams(SlowPathElement.Shape)
        /// An error, a scalar, or keys in an order that allows no streaming.
        case whole
    }

    mutating func readHead() throws(ScanError) -> Bool {
        guard let first = pending[position..<count].first(where: { !Self.isSpace($0) }) else {
            return try wait(within: limits.frame)
        }
        guard first == UInt8(ascii: "{") else {
            throw .notJSON(startingWith: pending[position..<count])
        }
        var found = trailer
        var status: String?
        let head = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            try cursor.expect(UInt8(ascii: "{"))
            while true {
                if try cursor.peek() != UInt8(ascii: "\"") { return Head.whole }
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                switch key {
                case "status" where status == nil:
                    status = try cursor.string()
                    guard status == "success" else { return Head.whole }
                case "warnings": found.warnings += try cursor.notes()
                case "infos": found.infos += try cursor.notes()
                case "isPartial": found.isPartial = try cursor.flag() || found.isPartial
                case "data" where try cursor.peek() == UInt8(ascii: "{"):
                    return try Self.readDataHead(&cursor, &found)
                case "error", "errorType":
                    // Of an answer that has none.
                    if try !cursor.text().isEmpty { return Head.whole }
                case "status", "data": return Head.whole
                default: try cursor.skip()
                }
                guard try cursor.accept(UInt8(ascii: ",")) else { return Head.whole }
            }
        }
        switch head {
        case nil: return false
        case .whole?:
            position = 0
            state = .whole
        case .streams(let shape)?:
            try check(found.resultType)
            trailer = found
            self.status = status
            self.shape = shape
            state = .element(mayEnd: true)
        }
        return true
    }

    /// - Throws: where the answer is of another type than the one asked for.
    private func check(_ resultType: String) throws(ScanError) {
        guard let expected, resultType != expected.rawValue else { return }
        throw .malformed("a \(resultType) where a \(expected.rawValue) was asked for")
    }

    private static func readDataHead(
        _ cursor: inout JSONCursor, _ found: inout Trailer
    ) throws(JSONCursor.Failure) -> Head {
        try cursor.expect(UInt8(ascii: "{"))
        while true {
            if try cursor.peek() != UInt8(ascii: "\"") { return .whole }
            let key = try cursor.string()
            try cursor.expect(UInt8(ascii: ":"))
            switch key {
            case "result":
                guard let shape = SlowPathElement.Shape(resultType: found.resultType),
                    try cursor.accept(UInt8(ascii: "["))
                else { return .whole }
                return .streams(shape)
            case "resultType" where found.resultType.isEmpty:
                found.resultType = try cursor.string()
            case "resultType": return .whole
            case "stats": found.statistics = try SampleStatistics.read(&cursor)
            default: try cursor.skip()
            }
            guard try cursor.accept(UInt8(ascii: ",")) else { return .whole }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    /// What remains of the data object, then of the whole.
    mutating func readTail() throws(ScanError) {
        var found = trailer
        var status = status
        var errorType = ""
        var text = ""
        let done = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            while try cursor.accept(UInt8(ascii: ",")) {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                switch key {
                case "result", "resultType": throw .twice(key, cursor.position)
                case "stats": found.statistics = try SampleStatistics.read(&cursor)
                default: try cursor.skip()
                }
            }
            try cursor.expect(UInt8(ascii: "}"))
            while try cursor.accept(UInt8(ascii: ",")) {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                switch key {
                case "warnings": found.warnings += try cursor.notes()
                case "infos": found.infos += try cursor.notes()
                case "isPartial": found.isPartial = try cursor.flag() || found.isPartial
                case "errorType": errorType = try cursor.text()
                case "error": text = try cursor.text()
                case "status" where status == nil: status = try cursor.string()
                case "status", "data": throw .twice(key, cursor.position)
                default: try cursor.skip()
                }
            }
            try cursor.expect(UInt8(ascii: "}"))
            cursor.skipSpace()
            return true
        }
        guard done != nil else { throw .truncated }
        guard position == count else { throw .malformed("something follows the answer") }
        try Self.judge(status, errorType, text)
        trailer = found
    }

    /// Reads an answer that stands wholly in the buffer.
    mutating func readWhole() throws(ScanError) {
        var found = Trailer()
        var status: String?
        var errorType = ""
        var text = ""
        var hasData = false
        var elements: [SlowPathElement] = []
        let (grid, maximum) = (grid, limits.labels)
        let done = try walk(limit: limits.element) { (cursor) throws(JSONCursor.Failure) in
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "status" where status == nil: status = try cursor.string()
                case "errorType": errorType = try cursor.text()
                case "error": text = try cursor.text()
                case "warnings": found.warnings += try cursor.notes()
                case "infos": found.infos += try cursor.notes()
                case "isPartial": found.isPartial = try cursor.flag() || found.isPartial
                case "data" where !hasData:
                    hasData = true
                    if try cursor.peek() == UInt8(ascii: "{") {
                        elements = try Self.readData(&cursor, &found, grid, maximum)
                    } else {
                        try cursor.skip()
                    }
                case "status", "data": throw .twice(key, cursor.position)
                default: try cursor.skip()
                }
            }
            cursor.skipSpace()
            return true
        }
        guard done != nil else { throw .truncated }
        guard position == count else { throw .malformed("something follows the answer") }
        try Self.judge(status, errorType, text)
        guard !found.resultType.isEmpty else { throw .malformed("no status or no result") }
        try check(found.resultType)
        trailer = found
        for element in elements { try write(element) }
    }

    private static func judge(
        _ status: String?, _ errorType: String, _ text: String
    ) throws(ScanError) {
        switch status {
        case "success"?: return
        case "error"?: throw .refused(errorType: errorType, error: text)
        default: throw .malformed("no status or no result")
        }
    }

    private static func readData(
        _ cursor: inout JSONCursor, _ found: inout Trailer, _ grid: StepGrid?,
        _ maximumLabels: Int
    ) throws(JSONCursor.Failure) -> [SlowPathElement] {
        var resultAt: Int?
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "resultType" where found.resultType.isEmpty:
                found.resultType = try cursor.string()
            case "result" where resultAt == nil:
                resultAt = cursor.position
                try cursor.skip()
            case "resultType", "result": throw .twice(key, cursor.position)
            case "stats": found.statistics = try SampleStatistics.read(&cursor)
            default: try cursor.skip()
            }
        }
        guard let resultAt else { throw .malformed(cursor.position, "no status or no result") }
        // The type may stand behind the result, so that it is read a second time.
        let end = cursor.position
        cursor.position = resultAt
        defer { cursor.position = end }
        var elements: [SlowPathElement] = []
        switch found.resultType {
        case "matrix", "vector":
            let shape = SlowPathElement.Shape(resultType: found.resultType) ?? .matrix
            if try cursor.peek() == UInt8(ascii: "n") { break }
            try cursor.array { (cursor) throws(JSONCursor.Failure) in
                elements.append(
                    try SlowPathElement(
                        &cursor, shape: shape, grid: grid, maximumLabels: maximumLabels))
            }
        case "scalar", "string":
            try cursor.expect(UInt8(ascii: "["))
            _ = try cursor.number()
            try cursor.expect(UInt8(ascii: ","))
            found.plain = try cursor.string()
            try cursor.expect(UInt8(ascii: "]"))
        default: throw .malformed(resultAt, "a result of an unknown type")
        }
        return elements
    }
}
