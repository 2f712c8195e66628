import GoText

/// Points in time as requests write them.
public enum RequestTime {
    /// The built-in extremes of the reference, also the defaults of optional bounds.
    public static let minimum = Timestamp(
        milliseconds: (Int64.min / 1000 + 62_135_596_801) * 1000)
    public static let maximum = Timestamp(
        milliseconds: (Int64.max / 1000 - 62_135_596_801) * 1000 + 999)

    /// Float seconds since the epoch rounded to ms, RFC 3339 truncated to ms, or one
    /// of the two extremes. The error is what `cannot parse …` errors begin with.
    public static func parse(_ text: String) throws(APIError) -> Timestamp {
        if let seconds = GoFloat.parse(text) { return time(seconds) }
        if text == "-292273086-05-16T16:47:06Z" { return minimum }
        if text == "292277025-08-18T07:12:54.999999999Z" { return maximum }
        if let time = RFC3339.time(text) { return time }
        throw .badData("cannot parse \(GoQuoting.quote(text)) to a valid timestamp")
    }

    /// Step by step as the reference, down to the rounding of each step: whole seconds, thousandths
    /// rounded, nanoseconds cut, milliseconds cut.
    private static func time(_ seconds: Double) -> Timestamp {
        guard seconds.magnitude < 9e15 else { return seconds < 0 ? minimum : maximum }
        let whole = seconds.rounded(.towardZero)
        let thousandths = ((seconds - whole) * 1000).rounded(.toNearestOrAwayFromZero)
        var nanoseconds = Int64(thousandths / 1000 * 1e9)
        var base = Int64(whole)
        if nanoseconds < 0 {
            base -= 1
            nanoseconds += 1_000_000_000
        }
        return Timestamp(milliseconds: base * 1000 + nanoseconds / 1_000_000)
    }
}

/// Lengths of time as requests write them: float seconds, or units from years down to ms.
public enum RequestDuration {
    /// In whole nanoseconds that fit into 64 bits.
    public static func parse(_ text: String) throws(APIError) -> Duration {
        let quoted = GoQuoting.quote(text)
        if let seconds = GoFloat.parse(text) {
            // Go's conversion makes the least number of it.
            if seconds.isNaN { return .nanoseconds(Int64.min) }
            let nanoseconds = seconds * 1e9
            guard nanoseconds.magnitude < 0x1p63 else {
                throw .badData("cannot parse \(quoted) to a valid duration. It overflows int64")
            }
            return .nanoseconds(Int64(nanoseconds))
        }
        do throws(DurationText.Failure) {
            return try DurationText.length(text).duration
        } catch {
            throw .badData("cannot parse \(quoted) to a valid duration")
        }
    }
}

/// `limit`: how many results may be given; 0 or absent for all.
public enum RequestLimit {
    public static func parse(_ text: String) throws(APIError) -> Int {
        if text.isEmpty { return 0 }
        let digits = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw .parameter(
                "limit", "strconv.Atoi: parsing \(GoQuoting.quote(text)): invalid syntax")
        }
        guard let number = Int(text) else {
            throw .parameter(
                "limit", "strconv.Atoi: parsing \(GoQuoting.quote(text)): value out of range")
        }
        if number < 0 { throw .parameter("limit", "limit must be non-negative") }
        return number
    }

    public static let truncationWarning = "results truncated due to limit"
}

/// Label names in paths, which clients escape when they are no legacy names: `U__` and then `__`
/// for `_` and `_<hex>_` for any other character.
public enum EscapedLabelName {
    /// Names with a bad escape, and all others, stay as they are.
    public static func decoded(_ name: String) -> String {
        guard name.hasPrefix("U__") else { return name }
        var out = String.UnicodeScalarView()
        var rest = Substring(name).unicodeScalars.dropFirst(3)
        while let scalar = rest.popFirst() {
            guard scalar == "_" else {
                out.append(scalar)
                continue
            }
            if rest.first == "_" {
                rest.removeFirst()
                out.append("_")
                continue
            }
            let digits = rest.prefix { $0 != "_" }
            rest = rest[digits.endIndex...]
            guard rest.popFirst() != nil, !digits.isEmpty, digits.count <= 6,
                let code = UInt32(String(digits), radix: 16),
                let decoded = Unicode.Scalar(code)
            else { return name }
            out.append(decoded)
        }
        return String(out)
    }
}
