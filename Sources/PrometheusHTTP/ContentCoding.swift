/// How an answer is compressed. `deflate` means the zlib format.
public enum ContentCoding: String, Sendable, CaseIterable {
    case gzip
    case deflate
    /// Not known to Prometheus: only who asks for it first gets it.
    case zstd

    /// The first token of `Accept-Encoding` that is exactly a known coding; weights and `*` select
    /// nothing (as Prometheus `util/httputil/compression.go`).
    public static func chosen(byAcceptEncoding header: String?) -> ContentCoding? {
        guard let header else { return nil }
        for token in header.split(separator: ",") {
            let trimmed = token.drop { $0 == " " || $0 == "\t" }
            let name = trimmed.prefix { $0 != " " && $0 != "\t" }
            guard trimmed.dropFirst(name.count).allSatisfy({ $0 == " " || $0 == "\t" }) else {
                continue
            }
            if let coding = ContentCoding(rawValue: String(name)) { return coding }
        }
        return nil
    }
}
