import GoText

/// An attribute as TraceQL names it.
struct TraceQLAttribute: Equatable {
    enum Scope: String {
        /// `.name`: of the span, else of its resource.
        case any = "."
        case resource = "resource."
        case span = "span."
        case event = "event."
        case link = "link."
        case instrumentation = "instrumentation."
        case parent = "parent."
        case parentResource = "parent.resource."
        case parentSpan = "parent.span."
    }
    var scope: Scope
    /// Without quotes.
    var name: String

    static func == (lhs: TraceQLAttribute, rhs: TraceQLAttribute) -> Bool {
        lhs.scope == rhs.scope && lhs.name.utf8.elementsEqual(rhs.name.utf8)
    }

    /// As a query has it.
    var text: String {
        let isPlain =
            !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                TraceQLLexer.belongsToAttribute($0) && $0 != "\"" && $0 != "\\"
            }
        if isPlain { return scope.rawValue + name }
        var quoted = ""
        for scalar in name.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return scope.rawValue + "\"" + quoted + "\""
    }
}

/// Why a query is not taken.
enum TraceQLError: Error {
    /// Tempo's words, without what it says before them.
    case syntax(String, at: TraceQLPlace)
    case refused(TempoError)

    /// - Parameter prefix: what the endpoint says before errors of syntax.
    func answer(_ prefix: String) -> TempoError {
        switch self {
        case .syntax(let words, let place):
            .badRequest(
                "\(prefix)parse error at line \(place.line), col \(place.column): \(words)")
        case .refused(let error): error
        }
    }
}

/// A place in a query: lines and columns count from one.
struct TraceQLPlace: Equatable {
    var line: Int
    var column: Int

    static let start = TraceQLPlace(line: 1, column: 1)

    mutating func pass(_ scalar: Unicode.Scalar) {
        column += 1
        if scalar == "\n" {
            line += 1
            column = 1
        }
    }
}

/// One token of a query.
struct TraceQLToken {
    enum Kind {
        case attribute(TraceQLAttribute)
        /// Its value.
        case string(String)
        case number
        /// A keyword or an intrinsic, such as `select`, `duration` and `trace:id`.
        case word
        case symbol
    }
    var kind: Kind
    /// As it is written.
    var text: String
    /// Offsets of bytes in the query.
    var range: Range<Int>
    var place: TraceQLPlace

    func isWord(_ word: String) -> Bool {
        if case .word = kind { text == word } else { false }
    }

    func isSymbol(_ symbol: String) -> Bool {
        if case .symbol = kind { text == symbol } else { false }
    }
}

/// Takes a query apart. What is no token of TraceQL comes out as a symbol of one character, for the
/// member to refuse.
struct TraceQLLexer {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var offset = 0
    private var place = TraceQLPlace.start
    /// Bytes of the longest query.
    static let longestQuery = 1 << 20

    private static let scopes: [TraceQLAttribute.Scope] = [
        // The longest first.
        .parentResource, .parentSpan, .instrumentation, .resource, .parent, .event, .span, .link,
    ]
    private static let symbols = [
        "!>>", "!<<", "&>>", "&<<", "&&", "||", "=~", "!~", "!=", ">=", "<=", ">>", "<<", "!>",
        "!<", "&>", "&<", "&~",
    ].map { Array($0.unicodeScalars) }

    /// - Throws: where a quoted text does not end.
    static func tokens(_ text: String) throws(TraceQLError) -> [TraceQLToken] {
        guard text.utf8.count <= longestQuery else {
            throw .refused(.badRequest("the query is longer than \(longestQuery) bytes"))
        }
        var lexer = TraceQLLexer(scalars: Array(text.unicodeScalars))
        var tokens: [TraceQLToken] = []
        while let token = try lexer.next() { tokens.append(token) }
        return tokens
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    /// Whether a character can stand in an attribute's name without quotes.
    static func belongsToAttribute(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "{", "}", "(", ")", "=", "~", "!", "<", ">", "&", "|", "^", ",": false
        default: !scalar.properties.isWhitespace
        }
    }

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count {
            offset += UTF8.width(scalars[position])
            place.pass(scalars[position])
            position += 1
        }
    }

    private func starts(with text: some Collection<Unicode.Scalar>) -> Bool {
        scalars[position...].starts(with: text)
    }

    private mutating func next() throws(TraceQLError) -> TraceQLToken? {
        while let scalar = peek(), scalar.properties.isWhitespace { advance() }
        guard let first = peek() else { return nil }
        let start = position
        let startOffset = offset
        let startPlace = place
        let kind = try kind(of: first)
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[start..<position])
        return TraceQLToken(
            kind: kind, text: String(text), range: startOffset..<offset, place: startPlace)
    }

    private mutating func kind(
        of first: Unicode.Scalar
    ) throws(TraceQLError) -> TraceQLToken.Kind {
        if first == "\"" { return .string(try quoted()) }
        if first == "`" { return .string(try raw()) }
        if Self.isDigit(first) || first == "." && peek(1).map(Self.isDigit) == true {
            number()
            return .number
        }
        if first == "." {
            advance()
            return .attribute(TraceQLAttribute(scope: .any, name: try name()))
        }
        guard Self.isWordStart(first) else {
            advance(Self.symbols.first(where: starts(with:))?.count ?? 1)
            return .symbol
        }
        for scope in Self.scopes where starts(with: scope.rawValue.unicodeScalars) {
            advance(scope.rawValue.unicodeScalars.count)
            return .attribute(TraceQLAttribute(scope: scope, name: try name()))
        }
        word()
        if peek() == ":", let letter = peek(1), Self.isWordStart(letter) {
            advance()
            word()
        }
        return .word
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isWordStart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic
    }

    private mutating func word() {
        while let scalar = peek(), Self.isWordStart(scalar) || Self.isDigit(scalar) { advance() }
    }

    /// A number, and the unit that follows it.
    private mutating func number() {
        var last: Unicode.Scalar = "0"
        while let scalar = peek() {
            let isSign = (scalar == "+" || scalar == "-") && (last == "e" || last == "E")
            guard isSign || scalar == "." || Self.isDigit(scalar) || Self.isWordStart(scalar) else {
                return
            }
            last = scalar
            advance()
        }
    }

    private mutating func name() throws(TraceQLError) -> String {
        var name = String.UnicodeScalarView()
        while let scalar = peek(), Self.belongsToAttribute(scalar) {
            advance()
            guard scalar == "\"" else {
                name.append(scalar)
                continue
            }
            while true {
                guard var inner = peek() else {
                    throw .syntax("unexpected EOF, expecting \"", at: place)
                }
                advance()
                if inner == "\"" { break }
                if inner == "\\" {
                    guard let escaped = peek(), escaped == "\\" || escaped == "\"" else {
                        throw .syntax("invalid escape sequence", at: place)
                    }
                    advance()
                    inner = escaped
                }
                name.append(inner)
            }
        }
        return String(name)
    }

    private mutating func quoted() throws(TraceQLError) -> String {
        advance()
        var value: [UInt8] = []
        while let scalar = peek(), scalar != "\n" {
            if scalar == "\"" {
                advance()
                return String(decoding: value, as: UTF8.self)
            }
            guard scalar == "\\" else {
                value.append(contentsOf: String(scalar).utf8)
                advance()
                continue
            }
            // The longest escape has nine characters behind the backslash.
            var tail = String.UnicodeScalarView()
            tail.append(contentsOf: scalars[(position + 1)..<min(scalars.count, position + 10)])
            let bytes = Array(String(tail).utf8)
            var rest = bytes[...]
            do throws(GoQuoting.EscapeFailure) {
                try GoQuoting.readEscape(&rest, into: &value)
            } catch { throw .syntax("invalid syntax", at: place) }
            // An escape is ASCII.
            advance(1 + bytes.count - rest.count)
        }
        throw .syntax("literal not terminated", at: place)
    }

    private mutating func raw() throws(TraceQLError) -> String {
        advance()
        var value = String.UnicodeScalarView()
        while let scalar = peek() {
            advance()
            if scalar == "`" { return String(value) }
            // As Go's raw strings.
            if scalar != "\r" { value.append(scalar) }
        }
        throw .syntax("literal not terminated", at: place)
    }
}
