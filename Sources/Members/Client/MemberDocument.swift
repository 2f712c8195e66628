import PrometheusAPI

/// An answer that was read wholly.
public struct MemberDocument: Sendable, Equatable {
    /// The JSON text of `data`.
    public var data: [UInt8]
    public var warnings: [String]
    public var infos: [String]
    /// Whether it calls itself partial, in a field of its own.
    public var isPartial: Bool

    /// Why data is missing in the answer, as it says itself; nil of a whole one.
    public var partiality: String? {
        Partiality.cause(isPartial: isPartial, warnings: warnings)
    }

    /// Takes the envelope off.
    init(_ bytes: [UInt8]) throws(ScanError) {
        var data: [UInt8]?
        var status = ""
        var errorType = ""
        var text = ""
        var warnings: [String] = []
        var infos: [String] = []
        var isPartial = false
        var cursor = JSONCursor(bytes)
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "status": status = try cursor.string()
                case "errorType": errorType = try cursor.text()
                case "error": text = try cursor.text()
                case "warnings": warnings += try cursor.notes()
                case "infos": infos += try cursor.notes()
                case "isPartial": isPartial = try cursor.flag() || isPartial
                case "data":
                    cursor.skipSpace()
                    let start = cursor.position
                    try cursor.skip()
                    data = Array(bytes[start..<cursor.position])
                default: try cursor.skip()
                }
            }
        } catch {
            switch error {
            case .incomplete: throw .truncated
            case .malformed(_, let reason): throw .malformed(reason)
            case .tooMany(let reason): throw .tooLarge(reason)
            case .offGrid: throw .malformed("a sample in a document")
            }
        }
        if status == "error" { throw .refused(errorType: errorType, error: text) }
        guard status == "success" else { throw .malformed("no status") }
        self.data = data ?? Array("null".utf8)
        self.warnings = warnings
        self.infos = infos
        self.isPartial = isPartial
    }
}
