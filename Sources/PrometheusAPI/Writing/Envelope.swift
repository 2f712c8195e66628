/// What stands around the data of a successful answer.
public enum Envelope {
    private static let most = 10

    public static let head = Array("{\"status\":\"success\",\"data\":".utf8)

    /// Everything behind the data: warnings, infos and the closing brace. At most ten of a kind,
    /// in byte order; the rest become one line that counts them. `failures` are warnings about
    /// members that did not answer: they come first and are never among the omitted.
    public static func appendTail(
        failures: [String] = [], warnings: Set<String>, infos: Set<String>, to out: inout [UInt8]
    ) {
        append("warnings", "warning", failures, warnings.subtracting(failures), to: &out)
        append("infos", "info", [], infos, to: &out)
        out.append(UInt8(ascii: "}"))
    }

    private static func append(
        _ key: String, _ kind: String, _ first: [String], _ texts: Set<String>,
        to out: inout [UInt8]
    ) {
        var lines = first + texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !lines.isEmpty else { return }
        let kept = max(most, first.count)
        if lines.count > kept {
            let omitted = "\(lines.count - kept) more \(kind) annotations omitted"
            lines = lines.prefix(kept) + [omitted]
        }
        out.append(contentsOf: ",\"\(key)\":".utf8)
        JSONText.append(lines, to: &out)
    }
}
