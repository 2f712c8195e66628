/// Names and values of a query string or a form, in the order written.
public struct FormValues: Sendable, Equatable {
    public struct Pair: Sendable, Equatable {
        public var name: String
        public var value: String
    }

    public private(set) var pairs: [Pair]

    public init(_ pairs: [Pair] = []) { self.pairs = pairs }

    /// The first value of a parameter, or "" when it is absent: Prometheus treats the two alike.
    public func first(_ name: String) -> String {
        pairs.first { Self.equal($0.name, name) }?.value ?? ""
    }

    /// Every value of a parameter, in order.
    public func all(_ name: String) -> [String] {
        pairs.filter { Self.equal($0.name, name) }.map(\.value)
    }

    /// These values, then those of another form: a body comes before the URL.
    public func followed(by other: FormValues) -> FormValues { FormValues(pairs + other.pairs) }

    /// Reads a query string as Go's `url.ParseQuery`: pairs that cannot be read are dropped, the
    /// rest kept. The error is the one Go would report: the last `;`, else the first bad escape.
    public static func parse(
        _ text: some Collection<UInt8>
    ) -> (values: FormValues, error: FormError?) {
        var pairs: [Pair] = []
        var error: FormError?
        for segment in text.split(separator: UInt8(ascii: "&")) {
            if segment.contains(UInt8(ascii: ";")) {
                error = .semicolonSeparator
                continue
            }
            let equals = segment.firstIndex(of: UInt8(ascii: "="))
            let name = segment[..<(equals ?? segment.endIndex)]
            let value =
                equals.map { segment[segment.index(after: $0)...] } ?? segment[..<name.startIndex]
            do throws(PercentEncoding.BadEscape) {
                let decodedName = try PercentEncoding.decode(name, plusIsSpace: true)
                let decodedValue = try PercentEncoding.decode(value, plusIsSpace: true)
                pairs.append(
                    Pair(
                        name: String(decoding: decodedName, as: UTF8.self),
                        value: String(decoding: decodedValue, as: UTF8.self)))
            } catch let bad {
                if error == nil { error = .badEscape(bad.text) }
            }
        }
        return (FormValues(pairs), error)
    }

    /// By bytes: Swift's own comparison equates canonically equivalent names.
    private static func equal(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
}
