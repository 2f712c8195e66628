public import TimeSeries

/// A refusal as Tempo words it: the body of the answer is the text alone, as
/// `text/plain; charset=utf-8`.
public struct TempoError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The HTTP status.
    public var status: Int
    public var text: String
    public var description: String { text }

    public init(status: Int, _ text: String) {
        self.status = status
        self.text = text
    }

    /// A request that is wrong.
    public static func badRequest(_ text: String) -> TempoError {
        TempoError(status: 400, text)
    }

    /// A request that is right, and cannot be answered as one Tempo would answer it.
    public static func unprocessable(_ text: String) -> TempoError {
        TempoError(status: 422, text)
    }
}

/// Why a member's body is no answer of a Tempo.
public struct TempoAnswerError: Error, Sendable, Equatable, CustomStringConvertible {
    public var reason: String
    public var description: String { reason }

    public init(_ reason: String) { self.reason = reason }
}

/// What a member answered, and the attributes that tell its data from that of others.
public struct MemberAnswer<Value: Sendable>: Sendable {
    /// `LabelInjection.none` where data are shown as the member shows them.
    public var labels: LabelInjection
    public var value: Value

    public init(labels: LabelInjection, value: Value) {
        self.labels = labels
        self.value = value
    }
}

/// The first or the second form of those paths that have two.
public enum TraceVersion: Sendable, Equatable {
    case v1, v2
}

/// What is the same whatever the members hold.
public enum TempoConstants {
    public static let json = "application/json"
    public static let protobuf = "application/protobuf"
    public static let text = "text/plain; charset=utf-8"
    /// The body of `/api/echo`.
    public static let echo = "echo\n"
    /// The body of an unknown path, with status 404.
    public static let notFound = "404 page not found\n"

    /// Whether an `Accept` header asks for protobuf. All else is answered with JSON.
    public static func wantsProtobuf(accept: String?) -> Bool {
        accept?.utf8.split(separator: UInt8(ascii: ",")).contains {
            let type = $0.prefix { $0 != UInt8(ascii: ";") }
            return Substring(type).utf8.filter { $0 > 0x20 }.elementsEqual(protobuf.utf8)
        } ?? false
    }

    /// The body of `/api/status/buildinfo`. Clients choose features by the version, such as
    /// `2.9.0`.
    public static func buildInfo(version: String) -> String {
        "{\"version\":\"\(version)\",\"revision\":\"\",\"branch\":\"\",\"buildUser\":\"\","
            + "\"buildDate\":\"\",\"goVersion\":\"\"}\n"
    }
}
