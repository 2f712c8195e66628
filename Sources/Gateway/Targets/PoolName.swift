/// Names of scrape pools as users see them: `<project>/<pool>`, because members may have pools of
/// the same name. A project's name holds no slash, a pool's may.
struct PoolName: Sendable, Equatable {
    var project: String
    var pool: String

    var text: String { "\(project)/\(pool)" }

    init(project: String, pool: String) {
        self.project = project
        self.pool = pool
    }

    /// nil when there is no slash.
    init?(_ text: String) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        project = String(text[..<slash])
        pool = String(text[text.utf8.index(after: slash)...])
    }
}
