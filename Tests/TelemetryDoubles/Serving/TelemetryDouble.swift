import ScriptedServers

/// A small server of one of the APIs for logs, traces and profiles, with its data in memory. It
/// answers requests as values; `TelemetryServer` puts it on a port.
package protocol TelemetryDouble: Sendable {
    func answer(_ request: DoubleRequest) -> DoubleAnswer
}

/// A request as doubles read it.
package struct DoubleRequest: Sendable {
    package var method: String
    /// Without the query, percent-decoded once.
    package var path: String
    /// Of the query, then of a form in the body, in their order.
    package var parameters: [(name: String, value: String)]
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    /// A request for a target as it stands in the first line.
    package init(
        method: String = "GET", target: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.method = method
        path = Self.decoded(parts[0], plusIsSpace: false)
        self.headers = headers
        self.body = body
        parameters = parts.count > 1 ? Self.pairs(parts[1]) : []
        if header("Content-Type")?.hasPrefix("application/x-www-form-urlencoded") == true {
            parameters += Self.pairs(Substring(String(decoding: body, as: UTF8.self)))
        }
    }

    init(_ request: ScriptedServer.Request) {
        self.init(
            method: request.method, target: request.target, headers: request.headers,
            body: request.bodyBytes)
    }

    /// The first header field of that name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The first value of a parameter; nil where there is none or an empty one.
    package func parameter(_ name: String) -> String? {
        parameters.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    private static func pairs(_ text: Substring) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                decoded(parts[0], plusIsSpace: true),
                parts.count > 1 ? decoded(parts[1], plusIsSpace: true) : ""
            )
        }
    }

    /// Undoes percent-encoding; what is none stays as it is.
    static func decoded(_ text: Substring, plusIsSpace: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a double answers.
package struct DoubleAnswer: Sendable {
    package var status = 200
    /// Empty for none.
    package var type = ""
    package var body: [UInt8] = []
    /// The connection is closed, and nothing is sent.
    package var isWithheld = false

    package init(
        status: Int = 200, type: String = "", body: [UInt8] = [], isWithheld: Bool = false
    ) {
        self.status = status
        self.type = type
        self.body = body
        self.isWithheld = isWithheld
    }

    /// JSON with a line break at the end, as Loki sends it.
    package static func json(
        _ node: JSONNode, type: String = "application/json; charset=UTF-8", end: String = "\n"
    ) -> DoubleAnswer {
        DoubleAnswer(type: type, body: node.bytes + Array(end.utf8))
    }

    /// A refusal as Go's `http.Error` words it, without its line break.
    package static func refusal(_ status: Int, _ text: String) -> DoubleAnswer {
        DoubleAnswer(
            status: status, type: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    package static let unknownPath = refusal(404, "404 page not found\n")
}
