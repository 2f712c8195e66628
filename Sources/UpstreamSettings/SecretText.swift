/// What a secret is made of: one line of text.
package enum SecretText {
    package enum Problem: Error, Equatable {
        case lineEnd
        case nul
        case control

        /// Worded to follow the name of the secret, which is never shown itself.
        package var text: String {
            switch self {
            case .lineEnd: "holds a line end"
            case .nul: "holds a NUL character"
            case .control: "holds a control character"
            }
        }

        package static let mend = "write it in one line, without control characters"
    }

    /// The text without the line ends around it, which editors and `echo` leave behind.
    package static func trimmed(_ text: String) -> String {
        let isEnd = { (scalar: Unicode.Scalar) in scalar == "\n" || scalar == "\r" }
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isEnd($0) }),
            let last = scalars.lastIndex(where: { !isEnd($0) })
        else { return "" }
        return String(scalars[first...last])
    }

    /// - Throws: for what would end the line, or the text, where it is sent.
    package static func check(_ text: String) throws(Problem) {
        for byte in text.utf8 {
            switch byte {
            case 0x0A, 0x0D: throw .lineEnd
            case 0: throw .nul
            case 0x01..<0x20 where byte != 0x09: throw .control
            case 0x7F: throw .control
            default: continue
            }
        }
    }
}

extension Secret {
    /// Why something is no secret, worded to follow its name.
    public struct Unusable: Error, Sendable, CustomStringConvertible {
        public var description: String
    }

    /// The one line of a file, without blanks around it.
    public static func read(file path: String) -> Result<Secret, Unusable> {
        do throws(SecretFiles.Failure) {
            return .success(Secret(try SecretFiles.line(of: path, isWatched: false)))
        } catch {
            return .failure(Unusable(description: error.text))
        }
    }

    /// A text without line ends around it; nil for an empty one.
    public static func read(text: String) -> Result<Secret?, Unusable> {
        let trimmed = SecretText.trimmed(text)
        do throws(SecretText.Problem) {
            try SecretText.check(trimmed)
        } catch {
            return .failure(Unusable(description: error.text))
        }
        return .success(trimmed.isEmpty ? nil : Secret(trimmed))
    }
}
