import GatewayConfiguration
import GoText
import Logging
import PrometheusWire

/// One record of the log as one line. Control characters are escaped in both formats, so that no text
/// of a client can end a line and begin another.
struct LogLine: Sendable {
    var time: Timestamp
    var level: Logger.Level
    var message: String
    /// By name.
    var fields: [(name: String, value: String)]

    /// Bytes of one value; the rest is cut off.
    static let longestValue = 8 << 10

    /// Without its end.
    func bytes(_ format: LogSettings.Format) -> [UInt8] {
        let all =
            [
                ("time", RFC3339.text(time)), ("level", level.word),
                ("msg", Self.bounded(message)),
            ] + fields.map { ($0.name, Self.bounded($0.value)) }
        switch format {
        case .json: return JSONValue.strings(of: all.map { (key: $0.0, value: $0.1) }).bytes
        case .text:
            return Array(all.map { "\($0.0)=\(Self.word($0.1))" }.joined(separator: " ").utf8)
        }
    }

    /// As it is where it holds no blank, quote or sign of equality, else as Go quotes it.
    private static func word(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"")
                    && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\\")
            }
        return isPlain ? text : GoQuoting.quote(text)
    }

    private static func bounded(_ text: String) -> String { text.cut(to: longestValue) }
}

extension String {
    /// The beginning of a text, and how much is left out where that is something.
    ///
    /// - Parameter most: Bytes that are kept.
    func cut(to most: Int) -> String {
        guard utf8.count > most else { return self }
        return String(decoding: utf8.prefix(most), as: UTF8.self)
            + "… (\(utf8.count - most) bytes more)"
    }
}

extension Logger.Level {
    /// As the key `level` has it.
    var word: String {
        switch self {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warning"
        case .error, .critical: "error"
        }
    }

    init(_ level: LogSettings.Level) {
        switch level {
        case .debug: self = .debug
        case .info: self = .info
        case .warning: self = .warning
        case .error: self = .error
        }
    }
}
