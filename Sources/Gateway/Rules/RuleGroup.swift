import Crypto

/// One group of rules of one member, as users see it.
struct RuleGroup: Sendable {
    /// `<project>/<file>`, so that file and name together stay unique.
    var file: String
    var name: String
    /// With `file` and with the rules that are left.
    var json: JSONValue

    /// Names the group between two pages: a hash of file and name, in hexadecimal, as the reference
    /// makes it.
    var token: String {
        let digits = Array("0123456789abcdef".utf8)
        let hash = SHA256.hash(data: Array("\(file);\(name)".utf8))
        let text = hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// By file, then by name.
    static func precedes(_ left: RuleGroup, _ right: RuleGroup) -> Bool {
        left.file.utf8.elementsEqual(right.file.utf8)
            ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
            : left.file.utf8.lexicographicallyPrecedes(right.file.utf8)
    }
}
