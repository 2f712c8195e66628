import PrometheusWire

/// Looks for names that fit what somebody types, as Prometheus 3.14's search does: any of several
/// texts, in order of the alphabet or of how well they fit.
struct NameSearch: Sendable, Equatable {
    enum Algorithm: String, Sendable, CaseIterable {
        /// The characters of the text in their order, with anything between them.
        case subsequence
        /// The text within the name, or one that is much like the name.
        case jaroWinkler = "jarowinkler"
    }

    enum Order: Sendable, Equatable {
        case alphabet
        case alphabetBackwards
        /// The best first.
        case score
    }

    struct Found: Sendable, Equatable {
        var name: String
        /// From 0 to 1; 1 where nothing was looked for.
        var score: Double
    }

    /// None to find every name.
    var texts: [String] = []
    var algorithm = Algorithm.subsequence
    /// From 0 to 1: what fits less is not found.
    var threshold = 0.0
    var isCaseSensitive = true
    var order = Order.alphabet

    /// - Parameter names: Each once, in any order.
    func found(in names: some Sequence<String>) -> [Found] {
        let wanted = (isCaseSensitive ? texts : texts.map { $0.lowercased() })
            .map { Array($0.unicodeScalars) }
        var found: [Found] = []
        for name in names {
            guard !wanted.isEmpty else {
                found.append(Found(name: name, score: 1))
                continue
            }
            let scalars = Array((isCaseSensitive ? name : name.lowercased()).unicodeScalars)
            guard let score = wanted.compactMap({ score(of: scalars, for: $0) }).max() else {
                continue
            }
            found.append(Found(name: name, score: score))
        }
        return found.sorted(by: precedes)
    }

    private func precedes(_ one: Found, _ other: Found) -> Bool {
        switch order {
        case .score where one.score != other.score: one.score > other.score
        case .alphabet, .score:
            one.name.utf8.lexicographicallyPrecedes(other.name.utf8)
        case .alphabetBackwards: other.name.utf8.lexicographicallyPrecedes(one.name.utf8)
        }
    }

    /// nil where the name does not fit the text.
    private func score(of name: [Unicode.Scalar], for text: [Unicode.Scalar]) -> Double? {
        if text.isEmpty { return 1 }
        switch algorithm {
        case .subsequence:
            let score = Self.subsequence(text, in: name)
            return score > 0 && score >= threshold ? score : nil
        case .jaroWinkler:
            if let score = Self.substring(text, in: name) { return score }
            guard threshold > 0 else { return nil }
            let score = Self.similarity(text, name)
            return score >= threshold ? score : nil
        }
    }

    // MARK: Scores

    /// How well the text fits as a subsequence; 0 where it is none. Runs of characters count by the
    /// square of their length, and what is between, before and behind them is taken off, as a share
    /// of the name.
    static func subsequence(_ text: [Unicode.Scalar], in name: [Unicode.Scalar]) -> Double {
        if text == name { return 1 }
        guard !text.isEmpty, text.count <= name.count else { return 0 }
        var best = -1.0
        for start in 0...(name.count - text.count) where name[start] == text[0] {
            // What cannot be completed from here cannot be from further on.
            guard let score = subsequence(text, in: name, from: start) else { break }
            best = max(best, score)
        }
        return max(0, best) / Double(text.count * text.count)
    }

    private static func subsequence(
        _ text: [Unicode.Scalar], in name: [Unicode.Scalar], from start: Int
    ) -> Double? {
        let share = 1 / Double(name.count)
        var score = 0.0
        var (index, matched, end) = (start, 0, 0)
        while matched < text.count {
            while index < name.count, name[index] != text[matched] { index += 1 }
            guard index < name.count else { return nil }
            let run = index
            while matched < text.count, index < name.count, name[index] == text[matched] {
                matched += 1
                index += 1
            }
            score += Double((index - run) * (index - run)) - Double(run - end) * share
            end = index
        }
        return score - Double(name.count - end) * share / 2
    }

    /// nil where the text is not within the name; 1 at its beginning, and less further on.
    static func substring(_ text: [Unicode.Scalar], in name: [Unicode.Scalar]) -> Double? {
        guard text.count <= name.count else { return nil }
        let last = name.count - text.count
        for start in 0...last where name[start..<(start + text.count)].elementsEqual(text) {
            return start == 0 ? 1 : 1 - 0.9 * Double(start) / Double(last)
        }
        return nil
    }

    /// Of Jaro and Winkler: 1 for equal texts, 0 for ones with nothing in common.
    static func similarity(_ one: [Unicode.Scalar], _ other: [Unicode.Scalar]) -> Double {
        if one == other { return 1 }
        guard !one.isEmpty, !other.isEmpty else { return 0 }
        let reach = max(0, max(one.count, other.count) / 2 - 1)
        var taken = [Bool](repeating: false, count: other.count)
        var matches: [Unicode.Scalar] = []
        for (index, scalar) in one.enumerated() {
            let from = max(0, index - reach)
            let through = min(other.count - 1, index + reach)
            guard from <= through,
                let match = (from...through).first(where: { !taken[$0] && other[$0] == scalar })
            else { continue }
            taken[match] = true
            matches.append(scalar)
        }
        guard !matches.isEmpty else { return 0 }
        let others = other.indices.filter { taken[$0] }.map { other[$0] }
        let swapped = Double(zip(matches, others).count { $0 != $1 } / 2)
        let count = Double(matches.count)
        let jaro =
            (count / Double(one.count) + count / Double(other.count) + (count - swapped) / count)
            / 3
        let prefix = zip(one, other).prefix(4).prefix { $0 == $1 }.count
        return jaro + Double(prefix) * 0.1 * (1 - jaro)
    }
}
