import RealServers
import TestSupport

/// One request of a table, written as a line:
///
///     GET query | query=up | time=5          parameters in the URL, escaped by the test
///     POST series | match[]=up               parameters in a form
///     HEAD //-/ready                         a path outside of /api/v1
///     RAW GET /api/v1/query?a;b Name: value  a target as it is, and one header
struct WireRequest: Sendable, CustomStringConvertible {
    let line: String
    var method: String
    var target: String
    var headers: [(String, String)] = []
    var body = ""
    var parameters: [(name: String, value: String)] = []

    var description: String { line }

    /// Such as `query_range`; the whole path outside of `/api/v1/`.
    var endpoint: String {
        let path = target.prefix { $0 != "?" }
        return path.hasPrefix("/api/v1/") ? String(path.dropFirst(8)) : String(path)
    }

    static func lines(_ text: String) -> [WireRequest] {
        text.split(separator: "\n").map { WireRequest(String($0)) }
    }

    init(_ line: String) {
        self.line = line
        if line.hasPrefix("RAW ") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            method = words[1]
            target = words[2]
            if words.count > 3, let colon = words[3].firstIndex(of: ":") {
                let value = words[3][colon...].dropFirst(2)
                headers = [(String(words[3][..<colon]), String(value))]
            }
            return
        }
        let isForm = line.hasSuffix(" |")
        let parts = (isForm ? String(line.dropLast(2)) : line).split(
            separator: " | ", omittingEmptySubsequences: false
        ).map(String.init)
        let space = parts[0].firstIndex(of: " ") ?? parts[0].endIndex
        method = String(parts[0][..<space])
        let path = parts[0][space...].dropFirst().split(
            separator: " ", omittingEmptySubsequences: false
        ).joined(separator: "%20")
        target = path.hasPrefix("//") ? String(path.dropFirst()) : "/api/v1/" + path
        for part in parts.dropFirst() {
            let equals = part.firstIndex(of: "=") ?? part.endIndex
            parameters.append((String(part[..<equals]), String(part[equals...].dropFirst())))
        }
        let form = HTTPAddress.form(parameters.map { ($0.name, $0.value) })
        if method == "POST" || method == "PUT" {
            headers = [("Content-Type", "application/x-www-form-urlencoded")]
            body = form
        } else if !form.isEmpty {
            target += "?" + form
        }
    }

    func value(_ name: String) -> String {
        parameters.first { $0.name == name && !$0.value.isEmpty }?.value ?? ""
    }

    /// What a server answers, as far as it is compared.
    func answer(from server: HTTPAddress) throws -> WireAnswer {
        var bytes: [UInt8] = []
        let answer = try server.stream(
            method, target, headers: headers, body: Array(body.utf8)
        ) { bytes += $0 }
        if answer.header("content-encoding") != nil {
            guard let plain = inflated(bytes) else {
                throw TestFailure("\(line): the body is not what Content-Encoding says")
            }
            bytes = plain
        }
        return WireAnswer(
            status: answer.status,
            headers: WireAnswer.compared.compactMap { name in
                answer.header(name).map { "\(name): \($0)" }
            },
            text: String(decoding: bytes, as: UTF8.self))
    }
}
