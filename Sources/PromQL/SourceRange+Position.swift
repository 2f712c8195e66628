extension SourceRange {
    /// The start as `<line>:<column>`, both from 1 and counted in bytes.
    public func position(in query: String) -> String { position(in: Array(query.utf8)) }

    func position(in query: [UInt8]) -> String {
        let before = query.prefix(max(0, start))
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let lastBreak = before.lastIndex(of: UInt8(ascii: "\n")) ?? -1
        return "\(line):\(before.count - lastBreak)"
    }
}
