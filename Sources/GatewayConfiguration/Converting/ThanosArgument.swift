/// An argument of `thanos query`.
struct ThanosArgument {
    /// The line of the file, or which argument it is, from 1 on.
    var line: Int
    /// Without dashes and without the `no-` of a negated flag.
    var name: String
    /// "" where there is none.
    var value: String
    var isNegated = false

    /// As it was written, without its value, which may be a secret.
    var key: String { "--\(isNegated ? "no-" : "")\(name)" }

    /// Those that are written without a value.
    private static let flags: Set<String> = [
        "enable-auto-gomemlimit", "grpc-client-tls-secure", "grpc-client-tls-skip-verify", "help",
        "query.auto-downsampling", "query.distributed-with-overlapping-interval",
        "query.enforce-tenancy", "query.partial-response", "version", "web.disable-cors",
    ]

    /// - Parameter words: As a shell passes them on, each with its line.
    /// - Throws: Where another command of Thanos's is called.
    static func read(
        _ words: [(line: Int, text: String)], _ remarks: inout [ConversionRemark]
    ) throws(ConversionRefusal) -> [ThanosArgument] {
        var arguments: [ThanosArgument] = []
        var isCommandRead = false
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.text.hasPrefix("--"), word.text != "--" else {
                if !isCommandRead, isProgram(word.text) { continue }
                if !isCommandRead, word.text == "query" {
                    isCommandRead = true
                    continue
                }
                if !isCommandRead, !word.text.hasPrefix("-") {
                    throw ConversionRefusal(
                        line: word.line, text: "only arguments of thanos query can be converted")
                }
                remarks.append(
                    ConversionRemark(
                        line: word.line, key: "a word",
                        text: "it belongs to no argument that is known", isLoss: true))
                continue
            }
            isCommandRead = true
            let parts = word.text.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            var argument = ThanosArgument(line: word.line, name: String(parts[0]), value: "")
            if argument.name.hasPrefix("no-"), flags.contains(String(argument.name.dropFirst(3))) {
                argument.name = String(argument.name.dropFirst(3))
                argument.isNegated = true
            }
            if parts.count == 2 {
                argument.value = String(parts[1])
            } else if !flags.contains(argument.name), let next = rest.first,
                !next.text.hasPrefix("-")
            {
                argument.value = next.text
                rest.removeFirst()
            }
            arguments.append(argument)
        }
        return arguments
    }

    private static func isProgram(_ word: String) -> Bool {
        word == "thanos" || word.hasSuffix("/thanos")
    }

    /// The arguments of a file that has one a line. Lines may be those of a list in YAML or end in a
    /// backslash, as they do where they are copied from.
    static func words(of text: String) -> [(line: Int, text: String)] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return lines.enumerated().flatMap { index, line -> [(line: Int, text: String)] in
            var rest = trimmed(line)
            if rest.hasPrefix("#") { return [] }
            if rest.hasSuffix("\\") { rest = trimmed(rest.dropLast()) }
            if rest.hasPrefix("- ") { rest = trimmed(rest.dropFirst(2)) }
            rest = unquoted(rest)
            guard rest.contains("\"") || rest.contains("'") else {
                return rest.split(separator: " ").map { (index + 1, String($0)) }
            }
            // A blank within quotes is no end of a word.
            guard let end = rest.firstIndex(where: { $0 == "=" || $0 == " " }) else {
                return [(index + 1, String(rest))]
            }
            let value = unquoted(trimmed(rest[rest.index(after: end)...]))
            return [(index + 1, "\(rest[..<end])=\(value)")]
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var rest = text.drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }

    private static func unquoted(_ text: Substring) -> Substring {
        guard text.count >= 2, let first = text.first, first == text.last,
            first == "\"" || first == "'"
        else { return text }
        return text.dropFirst().dropLast()
    }
}

/// Why arguments of `thanos query` have no key of the gateway's.
enum ThanosReasons {
    struct Reason {
        var text: String
        /// Whether something that Thanos Query does is left out.
        var isLoss: Bool
    }

    /// nil for arguments that have one, and for those that are not known.
    static func reason(for name: String) -> Reason? {
        if let text = needless[name] { return Reason(text: text, isLoss: false) }
        if let text = lost[name] { return Reason(text: text, isLoss: true) }
        let prefix = lostBeginnings.first { name.hasPrefix($0.beginning) }
        return prefix.map { Reason(text: $0.reason, isLoss: true) }
    }

    private static let needless = [
        "auto-gomemlimit.ratio": "limits.maxMemory bounds the memory that is taken",
        "enable-auto-gomemlimit": "limits.maxMemory bounds the memory that is taken",
        "query.mode": "is not needed: what members can compute, they compute",
        "query.promql-engine": "is not needed: what members can compute, they compute",
    ]

    private static let addresses =
        "it names addresses of gRPC; name the HTTP addresses of the servers as projects, or in files "
        + "that discovery.files of the project all reads"
    private static let tenants = "auth.tokens[].matchers say what a token sees, and no header does"

    private static let lost = [
        "alert.query-url": "rules are shown as the members have them",
        "enable-feature": "parts of the language are query.features",
        "http.config": "TLS and credentials of clients are tls and auth",
        "query.auto-downsampling": "members are asked for raw data",
        "query.default-step": "a range query needs its step",
        "query.max-concurrent-select":
            "limits.maxMemberConcurrency counts requests to members and not selectors",
        "query.metadata.default-time-range":
            "labels and series without a start and an end are those of all times",
        "selector-label": "the gateway speaks no gRPC",
        "store.response-timeout": "it is timeout of each prometheus, and bounds the whole answer",
        "store.sd-files": addresses,
        "store.sd-interval": addresses,
        "store.unhealthy-timeout": "when a member that failed is asked again is not configured",
        "web.disable-cors": "pages of other origins may read what needs no token",
        "web.prefix-header": "the path is url_base_path, whatever a header says",
    ]

    private static let lostBeginnings: [(beginning: String, reason: String)] = [
        ("endpoint.sd-config", addresses),
        (
            "grpc-client-",
            "members are asked by HTTP; for TLS write https URLs, and tls of each prometheus"
        ),
        ("grpc-", "the gateway speaks no gRPC"),
        ("log.request.", "requests are not logged by Thanos's rules"),
        ("query.default-tenant", tenants), ("query.enforce-tenancy", tenants),
        ("query.tenant-", tenants),
        ("query.telemetry.", "the gateway has metrics of its own"),
        ("query.conn-metric.", "the gateway has metrics of its own"),
        ("query.active-query-path", "queries under way are not written to a file"),
        ("request.logging-config", "requests are not logged by Thanos's rules"),
        ("store.limits.", "limits.maxSeries and query.maxSamples bound what a query may cost"),
        ("tracing.config", "its form is Thanos's own"),
    ]
}
