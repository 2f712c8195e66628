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

/// Reads the fields of a `multipart/form-data` body. Files are left out.
enum MultipartForm {
    /// The `boundary` parameter of a content type; nil when the type is another.
    static func boundary(ofContentType contentType: String) -> String? {
        let parts = contentType.split(separator: ";").map { trimmed(String($0)) }
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        return parameter("boundary", in: parts.dropFirst())
    }

    static func parse(
        _ body: [UInt8], boundary: String
    ) -> (values: FormValues, error: FormError?) {
        let delimiter = Array("--\(boundary)".utf8)
        var pairs: [FormValues.Pair] = []
        guard var position = find(delimiter, in: body, from: 0) else {
            return (FormValues(), .malformedMultipart)
        }
        while true {
            position += delimiter.count
            if body[position...].starts(with: Array("--".utf8)) { return (FormValues(pairs), nil) }
            let next = Array("\r\n".utf8) + delimiter
            guard
                let headEnd = find(Array("\r\n\r\n".utf8), in: body, from: position),
                let partEnd = find(next, in: body, from: headEnd + 2)
            else { return (FormValues(pairs), .malformedMultipart) }
            let head = String(decoding: body[position..<headEnd], as: UTF8.self)
            if let name = fieldName(inHead: head) {
                let valueStart = min(headEnd + 4, partEnd)
                let value = String(decoding: body[valueStart..<partEnd], as: UTF8.self)
                pairs.append(FormValues.Pair(name: name, value: value))
            }
            position = partEnd + 2
        }
    }

    private static func fieldName(inHead head: String) -> String? {
        for line in head.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            guard line[..<colon].lowercased() == "content-disposition" else { continue }
            let parts = line[line.index(after: colon)...].split(separator: ";")
                .map { trimmed(String($0)) }
            if parameter("filename", in: parts[...]) != nil { return nil }
            return parameter("name", in: parts[...])
        }
        return nil
    }

    private static func parameter(_ name: String, in parts: ArraySlice<String>) -> String? {
        for part in parts {
            guard let equals = part.firstIndex(of: "=") else { continue }
            guard trimmed(String(part[..<equals])).lowercased() == name else { continue }
            let value = trimmed(String(part[part.index(after: equals)...]))
            guard value.count >= 2, value.first == "\"", value.last == "\"" else { return value }
            return String(value.dropFirst().dropLast())
        }
        return nil
    }

    private static func trimmed(_ text: String) -> String {
        let blanks: Set<Character> = [" ", "\t"]
        let start = text.drop { blanks.contains($0) }
        return String(start.reversed().drop { blanks.contains($0) }.reversed())
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = needle.first, bytes.count >= needle.count else { return nil }
        var index = start
        while index <= bytes.count - needle.count {
            if bytes[index] == first, bytes[index...].starts(with: needle) { return index }
            index += 1
        }
        return nil
    }
}

/// Makes and undoes the escapes of URLs as Go's `net/url` does.
enum PercentEncoding {
    /// The first bad escape found: `%` and up to two bytes after it.
    struct BadEscape: Error, Equatable, CustomStringConvertible {
        var text: String
        /// As Go words it.
        var description: String { "invalid URL escape \"\(text)\"" }
    }

    /// - Parameter plusIsSpace: true in queries and forms, false in paths.
    static func decode(
        _ text: some Collection<UInt8>, plusIsSpace: Bool
    ) throws(BadEscape) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: "%") {
                let escape = rest.prefix(3)
                let digits = escape.dropFirst().compactMap(hexValue)
                guard digits.count == 2 else {
                    throw BadEscape(text: String(decoding: escape, as: UTF8.self))
                }
                out.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(3)
            } else {
                let isSpace = plusIsSpace && byte == UInt8(ascii: "+")
                out.append(isSpace ? UInt8(ascii: " ") : byte)
                rest = rest.dropFirst()
            }
        }
        return out
    }

    /// `%` and two digits.
    static func escape(_ byte: UInt8, uppercase: Bool) -> String {
        (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: uppercase)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// What was wrong with a query string or a form. Most endpoints ignore it, some refuse
/// (`error parsing form values: <description>`).
public enum FormError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A `;` stood in the query, which Go refuses since 1.17.
    case semicolonSeparator
    /// A `%` without two hexadecimal digits; the text is `%` and what followed.
    case badEscape(String)
    /// A multipart form that cannot be taken apart.
    case malformedMultipart

    /// As Go words it.
    public var description: String {
        switch self {
        case .semicolonSeparator: "invalid semicolon separator in query"
        case .badEscape(let text): "invalid URL escape \"\(text)\""
        case .malformedMultipart: "multipart: NextPart: EOF"
        }
    }
}
