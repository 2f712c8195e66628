import YAML

/// Something that a converted configuration leaves out or says otherwise.
public struct ConversionRemark: Sendable, Equatable, CustomStringConvertible {
    /// Of the key, in the file that is converted. Of arguments of a command line, which one it is,
    /// from 1 on.
    public var line: Int
    /// As that file names it: `promxy.server_groups[0].anti_affinity`, `--query.mode`.
    public var key: String
    public var text: String
    /// Whether something that the other program does is left out.
    public var isLoss: Bool

    init(line: Int, key: String, text: String, isLoss: Bool) {
        self.line = line
        self.key = YAMLNode.shown(key)
        self.text = text
        self.isLoss = isLoss
    }

    public var description: String { "\(line): \(key): \(isLoss ? "left out: " : "")\(text)" }
}

/// Why a text cannot be converted.
public struct ConversionRefusal: Error, Sendable, CustomStringConvertible {
    public var line: Int?
    public var text: String

    public var description: String { (line.map { "\($0): " } ?? "") + text }
}

extension ProjectName {
    /// As much of a text as the name of a project may hold; nil where nothing is left.
    static func kept(of text: String) -> String? {
        let kept = text.lowercased().map { letter in
            letter.isASCII && (letter.isLetter || letter.isNumber || letter == "_") ? letter : "-"
        }
        let name = String(kept.prefix(50))
        return isValid(name) && name.contains { $0 != "-" } ? name : nil
    }

    /// The name, with a number behind it where others have it already.
    static func free(_ wanted: String, besides taken: [String]) -> String {
        var name = wanted
        var number = 2
        while taken.contains(name) {
            name = "\(wanted)-\(number)"
            number += 1
        }
        return name
    }
}
