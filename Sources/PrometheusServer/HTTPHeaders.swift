import GoText

/// Header fields in the order they were added. Names compare without regard to ASCII case.
public struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String
    }

    public private(set) var fields: [Field] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value of a field; setting replaces every field of that name, nil removes them.
    public subscript(name: String) -> String? {
        get { fields.first { Self.equal($0.name, name) }?.value }
        set {
            fields.removeAll { Self.equal($0.name, name) }
            if let newValue { fields.append(Field(name: name, value: newValue)) }
        }
    }

    /// Every value of a field, in order.
    public func values(of name: String) -> [String] {
        fields.filter { Self.equal($0.name, name) }.map(\.value)
    }

    /// Adds a field and keeps those that have the same name.
    public mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    private static func equal(_ a: String, _ b: String) -> Bool {
        a.utf8.elementsEqual(b.utf8) { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}

/// The `Date` header: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func now() -> String {
        text(secondsSinceEpoch: WallClock.now().wholeSeconds)
    }

    static func text(secondsSinceEpoch seconds: Int64) -> String {
        let date = CivilDate(seconds: seconds)
        let clock = [date.hour, date.minute, date.second].map(twoDigits).joined(separator: ":")
        return "\(days[date.weekday]), \(twoDigits(date.day)) \(months[date.month - 1]) "
            + "\(date.year) \(clock) GMT"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}

/// Which other sites' scripts may read answers, as Prometheus `--web.cors.origin`.
public enum CORSPolicy: Sendable {
    /// The default pattern `.*`: every origin.
    case anyOrigin
    /// Origins for which this is true. The reference asks a regular expression that must match the
    /// whole origin.
    case origins(@Sendable (String) -> Bool)

    func apply(to headers: inout HTTPHeaders, origin: String?) {
        headers.add("Vary", "Origin")
        guard let origin, !origin.isEmpty else { return }
        headers["Access-Control-Allow-Headers"] = "Accept, Authorization, Content-Type, Origin"
        headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        headers["Access-Control-Expose-Headers"] = "Date"
        // 3.x answers with the origin's own name, also where every origin is allowed.
        if allows(origin) { headers["Access-Control-Allow-Origin"] = origin }
    }

    private func allows(_ origin: String) -> Bool {
        switch self {
        case .anyOrigin: true
        case .origins(let areAllowed): areAllowed(origin)
        }
    }
}
