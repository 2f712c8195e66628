import GoText
import PrometheusWire

/// A parameter for members.
struct RequestPair: Sendable, Equatable {
    var name: String
    var value: String
}

extension [RequestPair] {
    var tuples: [(name: String, value: String)] { map { ($0.name, $0.value) } }
}

/// Reads parameters with the error texts of Tempo. An empty value is an absent one.
struct TempoParameters {
    let reader: ParameterReader

    /// Nil when absent.
    func text(_ name: String) -> String? {
        let text = reader.text(name)
        return text.isEmpty ? nil : text
    }

    /// The parameters of these names that are there, in this order.
    func pairs(_ names: String...) -> [RequestPair] {
        names.compactMap { name in text(name).map { RequestPair(name: name, value: $0) } }
    }

    /// A whole number that is not negative; nil when absent.
    func unsigned(_ name: String, width: UInt64 = UInt64(UInt32.max)) throws(TempoError) -> Int? {
        guard let text = text(name) else { return nil }
        let problem = { (words: String) -> TempoError in
            .badRequest(
                "invalid \(name): strconv.ParseUint: parsing \(GoQuoting.quote(text)): \(words)")
        }
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw problem("invalid syntax")
        }
        guard let number = UInt64(text), number <= width, let value = Int(exactly: number) else {
            throw problem("value out of range")
        }
        return value
    }

    /// A whole number; nil when absent.
    func signed(_ name: String) throws(TempoError) -> Int64? {
        guard let text = text(name) else { return nil }
        let digits = text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
        let rest = digits ? text.utf8.dropFirst() : text.utf8[...]
        let problem = { (words: String) -> TempoError in
            .badRequest(
                "invalid \(name): strconv.ParseInt: parsing \(GoQuoting.quote(text)): \(words)")
        }
        guard !rest.isEmpty, rest.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw problem("invalid syntax")
        }
        guard let number = Int64(text) else { throw problem("value out of range") }
        return number
    }

    /// Throws where the range of seconds is none. Of an absent bound, 0 is said.
    static func check(start: Int64?, end: Int64?) throws(TempoError) {
        guard start ?? 0 != 0 || end ?? 0 != 0, start ?? 0 >= end ?? 0 else { return }
        throw .badRequest(
            "http parameter start must be before end. received start=\(start ?? 0) "
                + "end=\(end ?? 0)")
    }
}

/// Lengths of time as Go's `time.ParseDuration` reads them, such as `1.5h` and `100ms`.
enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10),
        ("h", 3.6e12),
    ]

    /// In nanoseconds.
    ///
    /// - Throws: what Go says.
    static func nanoseconds(_ text: String) throws(TempoError) -> Double {
        let quoted = GoQuoting.quote(text)
        let invalid = TempoError.badRequest("time: invalid duration \(quoted)")
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        if rest.elementsEqual("0".utf8) { return 0 }
        guard !rest.isEmpty else { throw invalid }
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
            guard number.contains(where: { $0 != UInt8(ascii: ".") }),
                number.count(where: { $0 == UInt8(ascii: ".") }) <= 1
            else { throw invalid }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !(0x30...0x39).contains($0) && $0 != UInt8(ascii: ".") }
            rest = rest.dropFirst(unit.count)
            guard !unit.isEmpty else {
                throw .badRequest("time: missing unit in duration \(quoted)")
            }
            guard let known = units.first(where: { $0.name.utf8.elementsEqual(unit) }) else {
                throw .badRequest(
                    "time: unknown unit \(GoQuoting.quote(String(Substring(unit)))) "
                        + "in duration \(quoted)")
            }
            total += (GoFloat.parse(String(Substring(number))) ?? 0) * known.nanoseconds
            guard total < 0x1p63 else { throw invalid }
        }
        return isNegative ? -total : total
    }
}
