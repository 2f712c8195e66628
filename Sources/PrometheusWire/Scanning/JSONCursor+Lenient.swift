/// What members write otherwise than Prometheus does, and what still can be read in one way only.
extension JSONCursor {
    /// Passes over null; false, with nothing read but white space, where something else stands.
    mutating func acceptNull() throws(Failure) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try word("null")
        return true
    }

    /// `-Infinity`, as `acceptNull`.
    mutating func acceptNegativeInfinity() throws(Failure) -> Bool {
        guard try peek() == UInt8(ascii: "-") else { return false }
        guard position + 1 < end else { throw .incomplete }
        guard bytes[position + 1] == UInt8(ascii: "I") else { return false }
        try word("-Infinity")
        return true
    }

    /// The range of a value that has no quotes and no structure: a number, `NaN`, `true`.
    mutating func bareWord() throws(Failure) -> Range<Int> {
        _ = try peek()
        let start = position
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                position += 1
            default:
                guard position > start else { throw .malformed(start, "no JSON value") }
                return start..<position
            }
        }
        throw .incomplete
    }

    /// A string; the text of any other value, and none of null.
    public mutating func text() throws(Failure) -> String {
        switch try peek() {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "n"):
            try skip()
            return ""
        default:
            let start = position
            try skip()
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
    }

    /// The texts of `warnings` and `infos`: of a list, or one alone. What is no string is given as
    /// it is written; nothing and null are none.
    public mutating func notes() throws(Failure) -> [String] {
        guard try peek() == UInt8(ascii: "[") else {
            let one = try text()
            return one.isEmpty ? [] : [one]
        }
        var all: [String] = []
        try array { (cursor) throws(Failure) in
            let one = try cursor.text()
            if !one.isEmpty { all.append(one) }
        }
        return all
    }

    /// Whether the value is true, in quotes or not.
    public mutating func flag() throws(Failure) -> Bool {
        try text() == "true"
    }
}
