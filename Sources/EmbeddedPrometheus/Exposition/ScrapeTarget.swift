/// One page of metrics that is read again and again.
public struct ScrapeTarget: Sendable, Hashable {
    public var job: String
    public var host: String
    public var port: Int
    /// Path and query, escaped.
    public var path: String
    public var interval: Duration
    public var timeout: Duration
    /// Further labels of the target.
    public var labels: [String: String]

    /// - Parameter url: `http://host[:port][/path]`; `/metrics` when no path is given.
    /// - Returns: nil for any other scheme or form.
    public init?(
        job: String, url: String, interval: Duration = .seconds(15),
        timeout: Duration = .seconds(10), labels: [String: String] = [:]
    ) {
        let scheme = "http://"
        guard url.hasPrefix(scheme) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let address = Self.address(rest[..<slash]) else { return nil }
        self.job = job
        (host, port) = address
        let tail = rest[slash...]
        path = tail.isEmpty || tail == "/" ? "/metrics" : String(tail)
        self.interval = interval
        self.timeout = timeout
        self.labels = labels
    }

    /// The `instance` label.
    public var instance: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func address(_ text: Substring) -> (host: String, port: Int)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = text[text.index(after: text.startIndex)..<end]
            return port(text[text.index(after: end)...]).map { (String(host), $0) }
        }
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let host = text[..<colon]
        guard !host.isEmpty else { return nil }
        return port(text[colon...]).map { (String(host), $0) }
    }

    /// The port after a colon; 80 when nothing is there.
    private static func port(_ text: Substring) -> Int? {
        if text.isEmpty { return 80 }
        guard text.first == ":", let port = Int(text.dropFirst()), (1...65535).contains(port)
        else { return nil }
        return port
    }
}
