import TestSupport

/// What goes wrong with requests on their way, or in the programs that make them.
extension MutableRequest {
    /// - Returns: The bytes of the request after up to three changes of its parts, and in one of
    ///   four cases further ones of its bytes.
    func mutated(_ random: inout SeededRandom) throws -> [UInt8] {
        var request = self
        for _ in 0..<random.pick([0, 1, 1, 1, 2, 3]) { request.change(&random) }
        var bytes = try request.bytes()
        if random.oneIn(4) {
            for _ in 0...random.below(3) { Self.garble(&bytes, &random) }
        }
        // Two at once.
        return random.oneIn(20) ? bytes + bytes : bytes
    }

    private mutating func change(_ random: inout SeededRandom) {
        switch random.below(10) {
        case 0: method = random.pick(Self.methods)
        case 1: changePath(&random)
        case 2, 3, 4: changeParameters(&random)
        case 5, 6: changeHeaders(&random)
        case 7: changeFraming(&random)
        default: changeBody(&random)
        }
    }

    private static let methods = [
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "get", "",
        "G\u{0}T", String(repeating: "M", count: 300), "PRI",
    ]

    private mutating func changePath(_ random: inout SeededRandom) {
        switch random.below(6) {
        case 0:
            let pieces = [
                "/", "//", "/../", "/./", "%2e%2e/", "%2f", "%", "%zz", "%00", "%ff", "?", ";", "#",
                "/p/", "/d/", "*", "http://x/", "é", String(repeating: "a/", count: 2000),
            ]
            let place = random.below(path.count + 1)
            path.insert(contentsOf: Array(random.pick(pieces).utf8), at: place)
        case 1: path = Array("/p/\(random.pick(["nope", "", "a%2fb", "…", "made1"]))".utf8) + path
        case 2: Self.garble(&path, &random)
        case 3: path += Array("/".utf8)
        case 4:
            path = Array(random.pick(["", "*", "http://127.0.0.1/api/v1/labels", "//", "a"]).utf8)
        default: version = random.pick(["HTTP/1.0", "HTTP/1.9", "HTTP/2.0", "http/1.1", "", "x"])
        }
    }

    /// Names that some endpoint knows.
    private static let names = [
        "query", "time", "start", "end", "step", "timeout", "limit", "stats", "lookback_delta",
        "match[]", "partial_response", "dedup", "metric", "limit_per_metric", "state", "type",
        "scrapePool", "labels", "group_limit", "group_next_token", "rule_name[]", "file[]",
        "exclude_alerts", "metric_name_pattern", "project", "domain", "workflow", "", "nope",
    ]

    private static let values =
        [
            "", " ", "0", "-1", "1", "+5", "1e308", "-1e308", "NaN", "Inf", "-Inf", "0x10", "1_000",
            "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e-9", "1ms",
            "290y", "1h1h", "-5m", "2023-11-14T22:13:20Z", "9999-12-31T23:59:59Z", "true", "false",
            "safe", "abort", "all", "\u{0}", "\u{7f}\r\nX-Injected: 1", "é\u{301}\u{1F600}", "((((",
            "{}", "{__name__=~\".+\"}", "up{", "up[1000000y]", "up[5m:1ms]", "{\"a b\"=\"c\"}",
            "1 + up", "-up ^ -up", "rate(up[5m])", "vector(1e400)", "\"text\"", "time()",
            "sum without () (up)", "up offset -1000y", "up @ 1e15", "count_values(\"project\", up)",
            "{job=~\"(a+)+$\"}", "{job=~\"[\"}", "info(up)", "label_join(up, \"\", \"\")", "\\x",
            "up{project=\"a\"} or up{project=~\".*\"}", "U__", "U__\u{ff}_zz_",
        ] + [
            String(repeating: "(", count: 3000), String(repeating: "a", count: 5000),
            String(repeating: "-", count: 3000) + "1", String(repeating: "up+", count: 400) + "up",
        ]

    private mutating func changeParameters(_ random: inout SeededRandom) {
        guard !parameters.isEmpty, !random.oneIn(8) else {
            parameters.append(
                Parameter(
                    name: Array(random.pick(Self.names).utf8),
                    value: Array(random.pick(Self.values).utf8)))
            return
        }
        let place = random.below(parameters.count)
        switch random.below(8) {
        case 0, 1, 2: parameters[place].value = Array(random.pick(Self.values).utf8)
        case 3:
            let value = Array(random.pick(Self.values).utf8)
            let at = random.below(parameters[place].value.count + 1)
            parameters[place].value.insert(contentsOf: value, at: at)
        case 4: Self.garble(&parameters[place].value, &random)
        case 5: parameters[place].name = Array(random.pick(Self.names).utf8)
        case 6: parameters.remove(at: place)
        default:
            // Many, of which each is right.
            let count = random.pick([1, 2, 2, 50])
            for _ in 0..<count { parameters.append(parameters[place]) }
            isRaw = random.oneIn(2)
        }
    }

    private static let fields: [(String, String)] = [
        ("Accept-Encoding", "gzip"), ("Accept-Encoding", "deflate, gzip;q=0"),
        ("Accept-Encoding", "zstd"), ("Accept-Encoding", ",,;q=,"), ("Content-Encoding", "gzip"),
        ("Content-Encoding", "identity"), ("Expect", "100-continue"), ("Expect", "pie"),
        ("Host", "b"), ("Host", ""), ("Host", "a b"), ("Authorization", "Basic dTpw"),
        ("Authorization", "Bearer"), ("Authorization", "Bearer wrong"), ("Authorization", "Basic"),
        ("X-API-Key", "wrong"), ("X-API-Key", ""), ("Origin", "http://evil"), ("Origin", "null"),
        ("Connection", "keep-alive, close, x"), ("Connection", "Upgrade"), ("Upgrade", "h2c"),
        ("Content-Type", "application/json"), ("Content-Type", "application/json; charset=\""),
        ("Content-Type", "multipart/form-data"), ("Content-Type", "text/plain"),
        ("Content-Type", "application/x-www-form-urlencoded; charset"), ("Content-Length", "-1"),
        ("Content-Length", "0x10"), ("Content-Length", "99999999999999999999"),
        ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "gzip, chunked"),
        ("Accept", "application/openmetrics-text;version=1.0.0;escaping=underscores"),
        ("Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=x"),
        ("Accept", "*/*;q=-1"), ("X-Prometheus-Scrape-Timeout-Seconds", "1e400"),
        ("X-Prometheus-Scrape-Timeout-Seconds", "0"), ("Range", "bytes=0-1"), ("Cookie", "a=b"),
        ("Via", "1.1 x"), ("X-Scope-OrgID", "1"), ("If-None-Match", "*"), ("Trailer", "a"),
        ("a b", "c"),
        ("", "c"), ("X-Tab", "\t"), ("X-Bell", "\u{7}"),
        ("X-Long", String(repeating: "x", count: 20_000)),
    ]

    private mutating func changeHeaders(_ random: inout SeededRandom) {
        switch random.below(8) {
        case 0: if !headers.isEmpty { headers.remove(at: random.below(headers.count)) }
        case 1:
            guard !headers.isEmpty else { return }
            headers.append(headers[random.below(headers.count)])
        case 2:
            guard !headers.isEmpty else { return }
            Self.garble(&headers[random.below(headers.count)].value, &random)
        case 3:
            for number in 0..<random.pick([10, 999, 1100]) {
                headers.append(("X-\(number)", Array("v".utf8)))
            }
        default:
            let (name, value) = random.pick(Self.fields)
            let field = (name, Array(value.utf8))
            if let known = headers.firstIndex(where: { $0.name == name }), !random.oneIn(4) {
                headers[known] = field
            } else {
                headers.append(field)
            }
        }
    }

    private mutating func changeFraming(_ random: inout SeededRandom) {
        if case .none = body { body = .bytes(Array(random.pick(["", "x", "query=up"]).utf8)) }
        switch random.below(3) {
        case 0:
            framing = .said(
                random.pick([
                    "0", "1", "3", "100000", "-1", "1e3", "9223372036854775807", "", "5 5",
                ]))
        case 1: framing = .chunks(random.pick([1, 7, 4096]), ending: "0\r\n\r\n")
        default:
            framing = .chunks(
                random.pick([1, 100]),
                ending: random.pick([
                    "", "0\r\n", "0\r\nX: y\r\n\r\n", "0;a=b\r\n\r\n", "fffffffffffffff\r\n",
                    "-1\r\n",
                    "0\n\n", "5\r\nab\r\n",
                ]))
        }
    }

    private mutating func changeBody(_ random: inout SeededRandom) {
        switch body {
        case .none:
            if random.oneIn(2), !parameters.isEmpty {
                body = random.oneIn(2) ? .form : .multipart
            } else {
                body = .bytes((0..<random.below(300)).map { _ in UInt8(random.below(256)) })
            }
        case .form:
            body = .multipart
            headers.removeAll { $0.name == "Content-Type" }
            headers.append(
                (
                    "Content-Type",
                    Array("multipart/form-data; boundary=\(random.pick(["xx", "x", ""]))".utf8)
                ))
        case .multipart: body = .form
        case .json(var bytes):
            for _ in 0...random.below(2) { Self.changeJSON(&bytes, &random) }
            body = .json(bytes)
        case .message(var bytes):
            for _ in 0...random.below(3) { Self.garble(&bytes, &random) }
            body = random.oneIn(5) ? .bytes(bytes) : .message(bytes)
        case .bytes(var bytes):
            Self.garble(&bytes, &random)
            body = .bytes(bytes)
        }
    }

    private static let scraps = [
        "null", "true", "0", "-0", "1e400", "1.5", "[]", "{}", "\"\"", "\"\\ud800\"", "\"\\u0000\"",
        "\"a\":", ",", "}", "]", "{", "\"x", "\u{feff}", "\"made1\"", "[\"a\",\"a\"]", "/**/",
        "\"name\":\"all\",", "\"admin\":true,", "\"readOnly\":false,",
        String(repeating: "[", count: 200), String(repeating: "{\"a\":", count: 40),
        "\"" + String(repeating: "n", count: 3000) + "\"",
    ]

    /// Puts something else in the place of a value or between two marks.
    private static func changeJSON(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let marks = bytes.indices.filter { "{}[],:\"".utf8.contains(bytes[$0]) }
        guard !marks.isEmpty, !random.oneIn(5) else { return garble(&bytes, &random) }
        let first = random.below(marks.count)
        let last = min(first + random.below(4), marks.count - 1)
        let scrap = random.oneIn(4) ? [] : Array(random.pick(scraps).utf8)
        bytes.replaceSubrange(marks[first]..<marks[last], with: scrap)
    }

    /// Changes some bytes, wherever they are.
    private static func garble(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else {
            bytes = [UInt8(random.below(256))]
            return
        }
        let place = random.below(bytes.count)
        let length = min(random.pick([1, 1, 2, 4, 30]), bytes.count - place)
        switch random.below(8) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes[place] ^= 1 << UInt8(random.below(8))
        case 2: bytes.removeSubrange(place..<(place + length))
        case 3: bytes.insert(contentsOf: bytes[place..<(place + length)], at: place)
        case 4:
            let odd = [
                "\r\n", "\n", "\0", "%", "&", ";", "\"", "\\", " ", ":", "\u{ff}", "\r\n\r\n",
            ]
            bytes.insert(contentsOf: Array(random.pick(odd).utf8), at: place)
        case 5: bytes.removeSubrange(place...)
        case 6: bytes.insert(UInt8(random.pick([0xC0, 0xFF, 0xED, 0x80, 0xF5])), at: place)
        default: bytes.swapAt(place, random.below(bytes.count))
        }
    }
}
