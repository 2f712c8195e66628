/// A text with actions in double braces, as `line_format` takes it, read as far as the names of
/// labels in it can be told from the rest.
struct Template: Sendable {
    enum Part: Sendable, Equatable {
        case text(String)
        /// A label by its name, `.name`.
        case label(String)
        /// All labels at once, as written: `.` or `$` alone.
        case allLabels(String)
    }

    /// In order; together the text as it was.
    private(set) var parts: [Part] = []
    /// The line of an action that has no end.
    private(set) var unclosedLine: Int?

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var copied = 0
    /// Blocks that are open. Of `with` and `range` true: in them `.` is not the labels.
    private var blocks: [Bool] = []
    /// The block that the present action opens.
    private var opened: Bool?

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        while index < scalars.count {
            if starts(with: "{{") {
                index += 2
                readAction()
                if unclosedLine != nil { index = scalars.count }
            } else {
                index += 1
            }
        }
        copy()
    }

    private func starts(with text: String) -> Bool {
        scalars[index...].starts(with: text.unicodeScalars)
    }

    /// Takes what was passed and not yet taken as text.
    private mutating func copy() {
        guard copied < index else { return }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[copied..<index])
        parts.append(.text(text))
        copied = index
    }

    /// Behind `{{`, up to and with `}}`.
    private mutating func readAction() {
        let start = index
        var isFirstWord = true
        var before: Unicode.Scalar = " "
        while index < scalars.count {
            if starts(with: "}}") {
                index += 2
                if let opened { blocks.append(opened) }
                opened = nil
                return
            }
            let scalar = scalars[index]
            switch scalar {
            case "/" where starts(with: "/*"): skip(to: "*/")
            case "\"", "'", "`":
                guard skipString(quote: scalar) else {
                    unclosedLine = line(of: start)
                    return
                }
            case ".":
                readDot(behind: before)
            case "$":
                readDollar()
            default:
                if scalar.isTemplateWord {
                    let word = readWord()
                    if isFirstWord { noteKeyword(word) }
                    isFirstWord = false
                } else {
                    index += 1
                }
            }
            before = scalars[index - 1]
        }
        unclosedLine = line(of: start)
    }

    private func line(of place: Int) -> Int {
        1 + scalars[..<place].count { $0 == "\n" }
    }

    private mutating func skip(to end: String) {
        while index < scalars.count, !starts(with: end) { index += 1 }
        index = min(scalars.count, index + end.unicodeScalars.count)
    }

    private mutating func skipString(quote: Unicode.Scalar) -> Bool {
        index += 1
        while index < scalars.count, scalars[index] != quote {
            index += scalars[index] == "\\" && quote != "`" ? 2 : 1
        }
        index += 1
        return index <= scalars.count
    }

    private mutating func readWord() -> String {
        var word = ""
        while index < scalars.count, scalars[index].isTemplateWord {
            word.unicodeScalars.append(scalars[index])
            index += 1
        }
        return word
    }

    private mutating func noteKeyword(_ word: String) {
        switch word {
        case "with", "range": opened = true
        case "if", "block", "define": opened = false
        case "end": _ = blocks.popLast()
        default: break
        }
    }

    /// A field of the labels, of something else, or a point in a number.
    private mutating func readDot(behind before: Unicode.Scalar) {
        let isOfSomething = before.isTemplateWord || before == ")" || before == "."
        let isRebound = blocks.contains(true)
        if isOfSomething || (index + 1 < scalars.count && scalars[index + 1].isTemplateDigit) {
            index += 1
            return
        }
        readField(isLabels: !isRebound)
    }

    /// `$` is the labels everywhere; `$name` is a variable.
    private mutating func readDollar() {
        let next = index + 1 < scalars.count ? scalars[index + 1] : " "
        if next.isTemplateWord {
            index += 1
            _ = readWord()
        } else if next == "." {
            index += 1
            readField(isLabels: true)
        } else {
            copy()
            parts.append(.allLabels("$"))
            index += 1
            copied = index
        }
    }

    /// At the point before a name, or alone.
    private mutating func readField(isLabels: Bool) {
        let start = index
        index += 1
        let name = readWord()
        guard isLabels else { return }
        let end = index
        index = start
        copy()
        parts.append(name.isEmpty ? .allLabels(".") : .label(name))
        index = end
        copied = end
    }
}

extension Template {
    /// The text with labels under other names.
    func renamed(_ name: (String) -> String) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .label(let label): "." + name(label)
            case .allLabels(let text): text
            }
        }.joined()
    }
}

extension Unicode.Scalar {
    fileprivate var isTemplateDigit: Bool { value >= 0x30 && value <= 0x39 }

    /// A character of names.
    fileprivate var isTemplateWord: Bool {
        self == "_" || isTemplateDigit || properties.isAlphabetic
    }
}
