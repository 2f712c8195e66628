/// A pattern that says no more than which literal texts match, or how they begin and end: `a`,
/// `a|b|c`, `(a|b)`, `a.*`, `.+a.*`. Decided by comparing bytes.
struct LiteralPattern: Sendable {
    /// 0 or 1; the one group of `(a|b)` spans the whole match.
    let groupCount: Int

    private let form: Form

    private enum Form: Sendable {
        case equal([UInt8])
        /// Sorted bytewise.
        case oneOf([[UInt8]])
        /// The literal with text before and after it.
        case around(before: Margin, literal: [UInt8], after: Margin)
    }

    /// What may stand beside a literal.
    private enum Margin: Sendable {
        case nothing
        case anything
        case something

        var least: Int { self == .something ? 1 : 0 }
    }

    /// nil when the pattern is anything more.
    init?(_ pattern: String) {
        var body = Array(pattern.utf8)[...]
        var groups = 0
        if body.starts(with: "(".utf8), body.last == UInt8(ascii: ")") {
            body = body.dropFirst().dropLast()
            if body.starts(with: "?:".utf8) { body = body.dropFirst(2) } else { groups = 1 }
        }
        groupCount = groups

        if groups == 0, body.count == pattern.utf8.count, let around = Self.around(body) {
            form = around
            return
        }
        var words: [[UInt8]] = []
        for part in body.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false) {
            // A word that ends in a backslash would have taken the bar as a literal.
            guard let word = Self.literal(part) else { return nil }
            words.append(word)
        }
        if words.count == 1 {
            form = .equal(words[0])
        } else {
            words.sort { $0.lexicographicallyPrecedes($1) }
            form = .oneOf(words)
        }
    }

    func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch form {
        case .equal(let literal):
            return literal.elementsEqual(text)
        case .oneOf(let words):
            return Self.contains(words, text)
        case .around(let before, let literal, let after):
            return Self.matches(text, before, literal, after)
        }
    }

    /// `.*`, `.+` or nothing on either side of one literal, but not nothing on both.
    private static func around(_ body: ArraySlice<UInt8>) -> Form? {
        var middle = body
        let before = margin(middle.prefix(2))
        if before != .nothing { middle = middle.dropFirst(2) }
        let after = margin(middle.suffix(2))
        // `\.*` repeats a dot; the backslash then is the last byte of what seems a literal, and no
        // literal ends in a backslash.
        if after != .nothing { middle = middle.dropLast(2) }
        guard before != .nothing || after != .nothing, let literal = literal(middle) else {
            return nil
        }
        // Margins are counted in bytes. That is right beside a literal, which begins and ends where
        // characters do, but two of them alone could share one character.
        guard !literal.isEmpty || before == .nothing || after == .nothing else { return nil }
        return .around(before: before, literal: literal, after: after)
    }

    private static func margin(_ bytes: ArraySlice<UInt8>) -> Margin {
        if bytes.elementsEqual(".*".utf8) { return .anything }
        if bytes.elementsEqual(".+".utf8) { return .something }
        return .nothing
    }

    /// The text that a pattern without operators matches; escaped punctuation stands for itself.
    private static func literal(_ pattern: ArraySlice<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(pattern.count)
        var escaped = false
        for byte in pattern {
            if escaped {
                guard byte < 0x80, isPunctuation(byte) else { return nil }
                out.append(byte)
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else {
                guard !isOperator(byte) else { return nil }
                out.append(byte)
            }
        }
        return escaped ? nil : out
    }

    private static func isOperator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "*"), UInt8(ascii: "?"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "^"), UInt8(ascii: "$"),
            UInt8(ascii: "|"), UInt8(ascii: "\\"):
            true
        default: false
        }
    }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!")...UInt8(ascii: "/"), UInt8(ascii: ":")...UInt8(ascii: "@"),
            UInt8(ascii: "[")...UInt8(ascii: "`"), UInt8(ascii: "{")...UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func contains(_ words: [[UInt8]], _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var low = 0
        var high = words.count
        while low < high {
            let middle = (low + high) / 2
            if words[middle].lexicographicallyPrecedes(text) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < words.count && words[low].elementsEqual(text)
    }

    private static func matches(
        _ text: UnsafeBufferPointer<UInt8>, _ before: Margin, _ literal: [UInt8], _ after: Margin
    ) -> Bool {
        let last = text.count - literal.count - after.least
        guard before.least <= last else { return false }
        func occurs(at start: Int) -> Bool {
            UnsafeBufferPointer(rebasing: text[start..<(start + literal.count)])
                .elementsEqual(literal)
        }
        switch (before, after) {
        case (.nothing, _): return occurs(at: 0)
        case (_, .nothing): return occurs(at: text.count - literal.count)
        case (_, _):
            var start = before.least
            while start <= last {
                if occurs(at: start) { return true }
                start += 1
            }
            return false
        }
    }
}
