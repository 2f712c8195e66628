public import Logging

/// One line for each change that was made through the API: who and what, and never a key.
public struct AuditLog: Sendable {
    private let write: @Sendable (String) -> Void

    public init(write: @escaping @Sendable (String) -> Void) { self.write = write }

    /// Lines of a logger of its own, which says them whatever the level of the others is.
    public init() {
        var logger = Logger(label: "tributary.audit")
        logger.logLevel = .info
        self.init { [logger] line in logger.info("\(line)") }
    }

    func record(_ administrator: Administrator, _ action: String, _ subject: String) {
        write("\(administrator.description) \(action) \(Self.oneLine(subject))")
    }

    /// Names that strangers choose cannot forge a line.
    private static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
    }
}

/// Who makes a change.
struct Administrator: Sendable, CustomStringConvertible {
    /// The name of the token; nil where none is demanded.
    var token: String?

    var description: String { token.map { "token \($0)" } ?? "somebody on this machine" }
}
