import GoText
import UpstreamSettings

/// An address of the StoreAPI, and the server with the Prometheus API that is asked in its place.
struct ThanosEndpoint {
    /// Where a Prometheus listens unless it is told otherwise.
    static let port = 9090

    let line: Int
    /// `--endpoint`
    let key: String
    /// IPv6 addresses with their brackets.
    let host: String
    /// Whether the host is a name whose records are the servers.
    let isName: Bool

    /// - Throws: Why the address cannot be asked.
    init(_ argument: ThanosArgument) throws(ServerURL.Problem) {
        line = argument.line
        key = argument.key
        var address = argument.value[...]
        var isName = argument.name.hasPrefix("endpoint-group")
        for prefix in ["dns+", "dnssrv+", "dnssrvnoa+", "dns:///"] where address.hasPrefix(prefix) {
            address = address.dropFirst(prefix.count)
            isName = true
        }
        let url = try ServerURL("http://\(address)")
        guard url.pathPrefix.isEmpty else { throw .badHost }
        var host = url.host[...]
        // The SRV records tell ports of gRPC. The name of the service itself has the same servers.
        while host.hasPrefix("_"), let dot = host.firstIndex(of: ".") {
            host = host[host.index(after: dot)...]
        }
        guard !host.isEmpty else { throw .noHost }
        self.host = host.lowercased()
        self.isName = isName && IPAddress(String(host)) == nil
    }

    var url: String { "http://\(host):\(Self.port)" }

    /// The name without the number that a pod of a StatefulSet has at the end of its first part;
    /// nil for other hosts.
    var stem: String? {
        guard !isName, IPAddress(host) == nil else { return nil }
        let first = host.prefix { $0 != "." }
        guard let dash = first.lastIndex(of: "-"), dash != first.startIndex else { return nil }
        let number = first[first.index(after: dash)...]
        guard !number.isEmpty, number.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return String(first[..<dash]) + host[first.endIndex...]
    }

    /// Its element of `replicas`.
    ///
    /// - Parameter interval: Between two questions for the records of a name; nil for the default.
    func replica(interval: Duration?) -> WrittenSetting {
        guard isName else {
            return .lines([.init("prometheus", .lines([.init("url", .text(url))]))])
        }
        var names: [WrittenSetting.Pair] = [
            .init("names", .list([host])), .init("type", .word("A")),
            .init("port", .number(Self.port)),
        ]
        if let interval { names.append(.init("interval", .word(DurationText.text(interval)))) }
        return .lines([.init("discovery", .lines([.init("dns", .braces(names))]))])
    }
}
