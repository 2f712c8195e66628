import PrometheusWire

/// Puts values in the place of Grafana's variables, so that a query can be planned. What a variable
/// chooses is taken as everything: a matcher on one matches all.
///
///     rate(x{job="$job"}[$__rate_interval])   becomes   rate(x{job=~".*"}[5m])
struct GrafanaVariables {
    /// What stands outside of strings, by name.
    private var values: [String: String] = [:]

    /// Of the dashboard itself.
    private static let own = [
        "__interval": "1m", "__rate_interval": "5m", "__range": "1h", "__interval_ms": "60000",
        "__range_ms": "3600000", "__range_s": "3600", "__from": "1700000000000",
        "__to": "1700003600000",
    ]

    /// - Parameter list: `templating.list` of a dashboard.
    init(_ list: [JSONValue]) {
        for variable in list {
            guard let name = variable["name"]?.text else { continue }
            let current = variable["current"]?["value"]
            let candidates =
                [current?.text] + (current?.items.map(\.text) ?? [])
                + [variable["query"]?.text?.split(separator: ",").first.map(String.init)]
            let value = candidates.lazy.compactMap { $0 }.first { Self.isWord($0) }
            if variable["type"]?.text == "interval" {
                values[name] = value ?? "5m"
            } else if let value {
                values[name] = value
            }
        }
    }

    /// A name, a number or a duration, and nothing of which more could be made.
    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    func replaced(in text: String) -> String {
        var scan = Scan(text: Array(text.unicodeScalars))
        while let scalar = scan.next {
            if let name = scan.takeVariable() {
                replace(name, &scan)
            } else {
                scan.step(over: scalar)
            }
        }
        return String(scan.out)
    }

    private func replace(_ name: String, _ scan: inout Scan) {
        guard scan.quote == nil else { return scan.appendMatch() }
        if let value = Self.own[name] { return scan.append(value) }
        if scan.brackets > 0 || scan.word == "offset" {
            return scan.append(
                values[name].flatMap { $0.first?.isNumber == true ? $0 : nil } ?? "5m")
        }
        let listing = ["by", "without", "on", "ignoring", "group_left", "group_right"]
        let fallback = listing.contains(scan.listWord) && scan.parentheses > 0 ? name : "5"
        scan.append(values[name] ?? fallback)
    }

    /// A walk through the text that knows whether it is inside of a string.
    private struct Scan {
        let text: [Unicode.Scalar]
        private var place = 0
        private(set) var out = String.UnicodeScalarView()
        private(set) var quote: Unicode.Scalar?
        /// The operator before the string that is open, and where it is in `out`.
        private var operation = ""
        private var operationStart: String.UnicodeScalarView.Index?
        /// Of the string that is open: whether its operator was looked at already.
        private var isMatch = false
        private(set) var brackets = 0
        private(set) var parentheses = 0
        /// The word that was written last, and the one before the last parenthesis.
        private(set) var word = ""
        private(set) var listWord = ""
        private var isInWord = false

        init(text: [Unicode.Scalar]) { self.text = text }

        var next: Unicode.Scalar? { place < text.count ? text[place] : nil }

        private func peek(_ distance: Int) -> Unicode.Scalar? {
            place + distance < text.count ? text[place + distance] : nil
        }

        /// The name of the variable that begins here, if one does.
        mutating func takeVariable() -> String? {
            if next == "$", peek(1) == "{" {
                guard let end = text[place...].firstIndex(of: "}") else { return nil }
                let inside = text[(place + 2)..<end]
                place = end + 1
                return Self.name(inside)
            }
            if next == "[", peek(1) == "[" {
                guard let end = text[place...].firstIndex(of: "]"), end + 1 < text.count,
                    text[end + 1] == "]"
                else { return nil }
                let inside = text[(place + 2)..<end]
                place = end + 2
                return Self.name(inside)
            }
            guard next == "$" else { return nil }
            let name = text[(place + 1)...].prefix { Self.isNameScalar($0) }
            guard let first = name.first, !("0"..."9").contains(first) else { return nil }
            place += 1 + name.count
            return Self.name(name)
        }

        /// Without a format (`:regex`) and a field (`.text`).
        private static func name(_ inside: ArraySlice<Unicode.Scalar>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: inside.prefix { isNameScalar($0) })
            return String(view)
        }

        private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
            scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                || ("0"..."9").contains(scalar)
        }

        mutating func append(_ text: String) {
            out.append(contentsOf: text.unicodeScalars)
            word = text
            isInWord = false
        }

        /// Inside of a string: whatever makes its matcher match everything.
        mutating func appendMatch() {
            if !isMatch, operation == "=", let start = operationStart {
                out.insert("~", at: out.index(after: start))
                operation = "=~"
            }
            isMatch = true
            out.append(contentsOf: (operation.hasPrefix("!") ? "none" : ".*").unicodeScalars)
        }

        mutating func step(over scalar: Unicode.Scalar) {
            place += 1
            if let open = quote {
                out.append(scalar)
                if scalar == "\\", open != "`", let escaped = next {
                    out.append(escaped)
                    place += 1
                } else if scalar == open {
                    quote = nil
                }
                return
            }
            switch scalar {
            case "\"", "'", "`": open(scalar)
            case "[": brackets += 1
            case "]": brackets = max(0, brackets - 1)
            case "(":
                parentheses += 1
                listWord = word
            case ")":
                parentheses = max(0, parentheses - 1)
                listWord = ""
            default: break
            }
            if Self.isNameScalar(scalar) {
                if !isInWord { word = "" }
                word.unicodeScalars.append(scalar)
                isInWord = true
            } else {
                isInWord = false
            }
            out.append(scalar)
        }

        private mutating func open(_ scalar: Unicode.Scalar) {
            quote = scalar
            isMatch = false
            let tail = out.reversed().drop { $0 == " " }
            let signs = tail.prefix { "=~!".unicodeScalars.contains($0) }
            operation = String(String.UnicodeScalarView(signs.reversed()))
            // Only `=` is changed, which is one scalar.
            operationStart = out.lastIndex(of: "=")
        }
    }
}
