extension ResponseScanner {
    /// Reads an answer that stands wholly in the buffer.
    mutating func readWhole() throws(ScanError) {
        var found = Trailer()
        var status = ""
        var errorType = ""
        var text = ""
        var elements: [WalkedElement] = []
        let done = try walk(limit: limits.element) { (cursor) throws(JSONCursor.Failure) in
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "status": status = try cursor.string()
                case "errorType": errorType = try cursor.string()
                case "error": text = try cursor.string()
                case "warnings": found.warnings = try cursor.strings()
                case "infos": found.infos = try cursor.strings()
                case "data" where try cursor.peek() == UInt8(ascii: "{"):
                    try Self.readData(&cursor, &found, &elements)
                default: try cursor.skip()
                }
            }
            cursor.skipSpace()
            return true
        }
        guard done != nil else { throw .truncated }
        guard position == count else { throw .malformed("something follows the answer") }
        if status == "error" { throw .refused(errorType: errorType, error: text) }
        guard status == "success", !found.resultType.isEmpty else {
            throw .malformed("no status or no result")
        }
        trailer = found
        for element in elements { try write(element) }
    }

    private static func readData(
        _ cursor: inout JSONCursor, _ found: inout Trailer, _ elements: inout [WalkedElement]
    ) throws(JSONCursor.Failure) {
        var resultAt: Int?
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "resultType": found.resultType = try cursor.string()
            case "result":
                cursor.skipSpace()
                resultAt = cursor.position
                try cursor.skip()
            default: try cursor.skip()
            }
        }
        guard let resultAt else { return }
        let end = cursor.position
        cursor.position = resultAt
        defer { cursor.position = end }
        switch found.resultType {
        case "matrix", "vector":
            if try cursor.peek() == UInt8(ascii: "n") { return }
            try cursor.array { (cursor) throws(JSONCursor.Failure) in
                elements.append(try WalkedElement(&cursor))
            }
        case "scalar", "string":
            try cursor.expect(UInt8(ascii: "["))
            _ = try cursor.number()
            try cursor.expect(UInt8(ascii: ","))
            found.plain = try cursor.string()
            try cursor.expect(UInt8(ascii: "]"))
        default: return
        }
    }
}
