/// The format of an exposition, and how names are written in it, as the reader asks in `Accept`.
struct FederateFormat: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// Prometheus's own text format, which has no words for native histograms.
        case text
        /// OpenMetrics, which has none either, and no comments.
        case openMetrics(version: String)
        /// Messages, each behind its length.
        case protobuf
    }

    var kind = Kind.text
    var escaping = NameEscaping.underscores

    private static let messages = "application/vnd.google.protobuf"
    private static let family = "io.prometheus.client.MetricFamily"
    private static let openMetrics = "application/openmetrics-text"

    /// The format of the first range that names one, the best first; text where none does. The
    /// escaping is that of the same range or, before it, of the last one that names one.
    ///
    /// - Parameter accept: "" for a request without preferences.
    init(accept: String) {
        for range in AcceptedRange.ranges(of: accept) {
            if let asked = range.parameters["escaping"].flatMap(NameEscaping.init) {
                escaping = asked
            }
            guard let kind = Self.kind(of: range) else { continue }
            self.kind = kind
            return
        }
    }

    private static func kind(of range: AcceptedRange) -> Kind? {
        let version = range.parameters["version"] ?? ""
        switch range.type {
        case messages:
            let isOurs =
                range.parameters["proto"] == family && range.parameters["encoding"] == "delimited"
            return isOurs ? .protobuf : nil
        case openMetrics:
            switch version {
            case "1.0.0": return .openMetrics(version: version)
            case "", "0.0.1": return .openMetrics(version: "0.0.1")
            default: return nil
            }
        case "text/plain": return version.isEmpty || version == "0.0.4" ? .text : nil
        default: return nil
        }
    }

    var contentType: String {
        switch kind {
        case .text: "text/plain; version=0.0.4; charset=utf-8; escaping=\(escaping.rawValue)"
        case .openMetrics(let version):
            "\(Self.openMetrics); version=\(version); charset=utf-8; escaping=\(escaping.rawValue)"
        case .protobuf:
            "\(Self.messages); proto=\(Self.family); encoding=delimited; "
                + "escaping=\(escaping.rawValue)"
        }
    }
}

/// The format of what the gateway tells of itself, as the reader asks in `Accept`.
public enum ExpositionFormat {
    /// Whether OpenMetrics 1.0.0 is what the reader likes best of it and the text format.
    public static func prefersOpenMetrics(_ accept: String) -> Bool {
        for range in AcceptedRange.ranges(of: accept) {
            switch (range.type, range.parameters["version"]) {
            case ("application/openmetrics-text", nil), ("application/openmetrics-text", "1.0.0"):
                return true
            case ("text/plain", nil), ("text/plain", "0.0.4"), ("text/*", _), ("*/*", _):
                return false
            default: continue
            }
        }
        return false
    }
}

/// One of the media ranges that an `Accept` header lists.
struct AcceptedRange: Sendable {
    /// `text/plain`, as it is written.
    var type: String
    /// Without `q`.
    var parameters: [String: String] = [:]
    var quality = 1.0

    /// The best first; of equal ones the more specific, then the earlier.
    static func ranges(of accept: String) -> [AcceptedRange] {
        let listed = accept.split(separator: ",").compactMap(AcceptedRange.init)
        return listed.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.quality != b.quality { return a.quality > b.quality }
            if a.wildcards != b.wildcards { return a.wildcards < b.wildcards }
            return left.offset < right.offset
        }.map(\.element)
    }

    private init?(_ text: Substring) {
        let parts = text.split(separator: ";").map(Self.trimmed)
        guard let first = parts.first, first.contains("/") else { return nil }
        type = first
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let name = Self.trimmed(part[..<equals])
            let value = Self.trimmed(part[equals...].dropFirst())
            if name == "q" {
                quality = Double(value) ?? 1
            } else {
                parameters[name] = value
            }
        }
        if quality.isNaN { quality = 0 }
    }

    private var wildcards: Int { type.utf8.count { $0 == UInt8(ascii: "*") } }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let blanks = text.drop { $0 == " " || $0 == "\t" }
        return String(blanks.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}

/// How names that are not of the old kind are written in an exposition, as the reader asks in
/// `Accept`.
enum NameEscaping: String, Sendable, CaseIterable {
    case allowUTF8 = "allow-utf-8"
    case underscores, dots, values

    /// Whether the name needs no quotes: what every name looked like before names were UTF-8.
    static func isLegacy(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.enumerated().allSatisfy {
                isLegacy($0.element, isFirst: $0.offset == 0)
            }
    }

    private static func isLegacy(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_", ":": true
        case "0"..."9": !isFirst
        default: false
        }
    }

    /// The name as it is written, without quotes.
    func escaped(_ name: String) -> String {
        switch self {
        case .allowUTF8: return name
        case .underscores: return Self.isLegacy(name) ? name : Self.replacing(name) { _ in "_" }
        case .dots:
            if Self.isLegacy(name) { return name }
            // Underscores are doubled, so that dots can be found again.
            return Self.replacing(name) { $0 == "." ? "_dot_" : "__" }
        case .values:
            if Self.isLegacy(name) { return name }
            return "U__" + Self.replacing(name) { $0 == "_" ? "__" : "_\(Self.code($0))_" }
        }
    }

    private static func code(_ scalar: Unicode.Scalar) -> String {
        scalar == "\u{FFFD}" ? "FFFD" : String(scalar.value, radix: 16)
    }

    /// The name with what is not of the old kind replaced, and underscores if `other` says so.
    private static func replacing(
        _ name: String, _ other: (Unicode.Scalar) -> String
    ) -> String {
        var out = ""
        for (index, scalar) in name.unicodeScalars.enumerated() {
            if scalar != "_", isLegacy(scalar, isFirst: index == 0) {
                out.unicodeScalars.append(scalar)
            } else {
                out += other(scalar)
            }
        }
        return out
    }
}
