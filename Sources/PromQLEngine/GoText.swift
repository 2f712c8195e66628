internal import Quoting
internal import TimeSeries

/// Text as Go's `fmt` and `strconv` write it; error texts, annotations and `count_values` show it.
enum GoText {
    /// `%g` and `%v` of a float64: the shortest digits; an exponent below 1e-04 and from 1e+06.
    static func general(_ value: Double) -> String {
        guard let decimal = Decimal(value) else { return special(value) }
        let exponent = decimal.point - 1
        if exponent < -4 || exponent >= 6 {
            return decimal.scientific
        }
        return decimal.plain
    }

    /// `%.Ng` of a float64.
    static func general(_ value: Double, digits: Int) -> String {
        guard var decimal = Decimal(value) else { return special(value) }
        decimal.round(to: digits)
        let exponent = decimal.point - 1
        return exponent < -4 || exponent >= digits ? decimal.scientific : decimal.plain
    }

    /// `%f` of a float64.
    static func fixed(_ value: Double) -> String {
        guard var decimal = Decimal(value) else { return special(value) }
        decimal.round(to: decimal.point + 6)
        var text = decimal.plain
        let fraction = text.firstIndex(of: ".").map { text[$0...].dropFirst().count }
        if fraction == nil { text += "." }
        return text + String(repeating: "0", count: 6 - (fraction ?? 0))
    }

    /// `strconv.FormatFloat(v, 'f', -1, 64)`: the shortest digits, never an exponent.
    static func decimal(_ value: Double) -> String {
        Decimal(value)?.plain ?? special(value)
    }

    /// `%q` of a string.
    static func quoted(_ text: String) -> String { GoQuoting.quote(text) }

    /// `{__name__="x", a="b"}`: every label in order, values quoted, and names that are not legacy
    /// identifiers too.
    static func labels(_ labels: LabelSet) -> String {
        let pairs = labels.pairs.map { pair in
            (isLegacyName(pair.name) ? pair.name : quoted(pair.name)) + "=" + quoted(pair.value)
        }
        return "{" + pairs.joined(separator: ", ") + "}"
    }

    /// RFC 3339, whole seconds, UTC.
    static func timestamp(_ milliseconds: Int64) -> String {
        let date = CivilDate(seconds: milliseconds.floorDivided(by: 1000))
        func padded(_ value: Int, _ digits: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return padded(Int(clamping: date.year), 4) + "-" + padded(date.month, 2) + "-"
            + padded(date.day, 2) + "T" + padded(date.hour, 2) + ":" + padded(date.minute, 2) + ":"
            + padded(date.second, 2) + "Z"
    }

    private static func special(_ value: Double) -> String {
        value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf"
    }

    static func isLegacyName(_ name: String) -> Bool {
        var first = true
        for byte in name.utf8 {
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte == 0x5F
            let isDigit = byte >= 0x30 && byte <= 0x39
            if !isLetter && (first || !isDigit) { return false }
            first = false
        }
        return !first
    }
}

extension GoText {
    /// The shortest decimal digits of a finite float that read back as the same float:
    /// `0.d₁d₂d₃… × 10^point`.
    struct Decimal {
        var isNegative: Bool
        var digits: [UInt8]
        var point: Int

        /// nil for infinities and NaN.
        init?(_ value: Double) {
            guard value.isFinite else { return nil }
            isNegative = value.sign == .minus
            digits = []
            point = 0
            var seenPoint = false
            var exponent = 0
            var isExponentNegative = false
            var inExponent = false
            for byte in value.magnitude.description.utf8 {
                switch byte {
                case 0x2E: seenPoint = true
                case 0x65: inExponent = true
                case 0x2D: isExponentNegative = true
                case 0x2B: break
                default:
                    if inExponent {
                        exponent = exponent * 10 + Int(byte - 0x30)
                    } else {
                        digits.append(byte - 0x30)
                        if !seenPoint { point += 1 }
                    }
                }
            }
            point += isExponentNegative ? -exponent : exponent
            let zeros = digits.prefix { $0 == 0 }.count
            digits.removeFirst(zeros)
            point -= zeros
            while digits.last == 0 { digits.removeLast() }
            if digits.isEmpty {
                digits = [0]
                point = 1
            }
        }

        /// Keeps the first `count` digits, rounding half up. (Go rounds the exact binary value; the
        /// two differ only where the shortest digits end in a lone 5.)
        mutating func round(to count: Int) {
            guard count < digits.count else { return }
            guard count >= 0 else {
                digits = [0]
                point = 1
                return
            }
            let roundsUp = digits[count] >= 5
            digits.removeSubrange(count...)
            if roundsUp {
                var i = count - 1
                while i >= 0, digits[i] == 9 {
                    digits[i] = 0
                    i -= 1
                }
                if i >= 0 {
                    digits[i] += 1
                } else {
                    digits.insert(1, at: 0)
                    point += 1
                }
            }
            while digits.count > 1, digits.last == 0 { digits.removeLast() }
            if digits.isEmpty || digits == [0] {
                digits = [0]
                point = 1
            }
        }

        var plain: String {
            var bytes: [UInt8] = isNegative ? [0x2D] : []
            if point <= 0 {
                bytes += [0x30, 0x2E]
                bytes += [UInt8](repeating: 0x30, count: -point)
                bytes += digits.map { $0 + 0x30 }
            } else {
                bytes += digits.prefix(point).map { $0 + 0x30 }
                bytes += [UInt8](repeating: 0x30, count: max(0, point - digits.count))
                if digits.count > point {
                    bytes.append(0x2E)
                    bytes += digits.dropFirst(point).map { $0 + 0x30 }
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        var scientific: String {
            var bytes: [UInt8] = isNegative ? [0x2D] : []
            bytes.append(digits[0] + 0x30)
            if digits.count > 1 {
                bytes.append(0x2E)
                bytes += digits.dropFirst().map { $0 + 0x30 }
            }
            let exponent = point - 1
            bytes += [0x65, exponent < 0 ? 0x2D : 0x2B]
            if exponent.magnitude < 10 { bytes.append(0x30) }
            return String(decoding: bytes, as: UTF8.self) + String(exponent.magnitude)
        }
    }
}
