/// `${NAME}` and `$NAME` in values. `$$` stands for one `$`; a `$` that begins neither stays.
/// Values that were put in are not looked at again, and never parsed as YAML.
struct VariableSubstitution {
    let environment: [String: String]

    enum Failure: Error, Equatable {
        /// `${` without a `}`, or with something that is not a name between them.
        case malformed(String)
        /// A variable that is not set.
        case unset(String)
    }

    func expand(_ text: String) throws(Failure) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var out = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            out += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.hasPrefix("$") {
                out += "$"
                rest = rest.dropFirst()
            } else if rest.hasPrefix("{") {
                guard let close = rest.firstIndex(of: "}") else { throw .malformed("$" + rest) }
                let name = rest[rest.index(after: rest.startIndex)..<close]
                guard Self.isName(name) else { throw .malformed("$" + rest[...close]) }
                out += try value(of: name)
                rest = rest[rest.index(after: close)...]
            } else {
                let name = rest.prefix { Self.isNameCharacter($0) }
                if Self.isName(name) {
                    out += try value(of: name)
                    rest = rest.dropFirst(name.count)
                } else {
                    out += "$"
                }
            }
        }
        return out + rest
    }

    private func value(of name: Substring) throws(Failure) -> String {
        guard let value = environment[String(name)] else { throw .unset(String(name)) }
        return value
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character == "_" || character.isASCII && (character.isLetter || character.isNumber)
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.first else { return false }
        return !first.isNumber && text.allSatisfy(isNameCharacter)
    }
}
