/// Reads the families of a member's `metadata`: a name, and the list of what is said about it. Each
/// description becomes an element of its own, whose text is the name, a colon and the description as
/// Prometheus spells them, and whose key orders by name, then type, unit and help text.
struct FamilyReader {
    /// A string.
    private struct Text {
        /// What it says.
        var value: [UInt8] = []
        /// In quotes, as Prometheus spells it.
        var spelled: [UInt8] = []

        mutating func clear() {
            value.removeAll(keepingCapacity: true)
            spelled.removeAll(keepingCapacity: true)
            spelled += [UInt8(ascii: "\""), UInt8(ascii: "\"")]
        }

        mutating func read(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) {
            value.removeAll(keepingCapacity: true)
            spelled.removeAll(keepingCapacity: true)
            if let range = try cursor.plainString() {
                value += cursor.bytes[range]
                if value.allSatisfy(Self.isPlain) {
                    spelled.append(UInt8(ascii: "\""))
                    spelled += value
                    spelled.append(UInt8(ascii: "\""))
                    return
                }
            } else {
                value += try cursor.stringBytes()
            }
            value = UTF8Text.repaired(value)
            JSONText.append(String(decoding: value, as: UTF8.self), to: &spelled)
        }

        /// Whether Prometheus writes a byte, which JSON needs no escape for, without an escape.
        private static func isPlain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0x7F...: false
            default: true
            }
        }
    }

    private var name = Text()
    /// The name of the family that was appended last.
    private var lastName: [UInt8]?
    private var type = Text()
    private var unit = Text()
    private var help = Text()
    private var read = ElementBuffer()

    /// Elements one behind the other.
    private struct ElementBuffer {
        var texts: [UInt8] = []
        var keys: [UInt8] = []
        /// Where each is.
        var places: [(text: Range<Int>, key: Range<Int>)] = []

        mutating func removeAll() {
            texts.removeAll(keepingCapacity: true)
            keys.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
        }

        mutating func close() {
            let last = places.last
            places.append(
                (
                    (last?.text.upperBound ?? 0)..<texts.count,
                    (last?.key.upperBound ?? 0)..<keys.count
                ))
        }
    }

    /// Descriptions of the family that was read last.
    var count: Int { read.places.count }

    func isNamed(_ bytes: [UInt8]) -> Bool { name.value == bytes }

    /// Reads one family. Unknown fields are passed over.
    mutating func read(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) {
        read.removeAll()
        try name.read(&cursor)
        try cursor.expect(UInt8(ascii: ":"))
        try cursor.expect(UInt8(ascii: "["))
        if try cursor.accept(UInt8(ascii: "]")) { return }
        while true {
            try readDescription(&cursor)
            if try cursor.accept(UInt8(ascii: ",")) { continue }
            return try cursor.expect(UInt8(ascii: "]"))
        }
    }

    private mutating func readDescription(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) {
        type.clear()
        unit.clear()
        help.clear()
        try cursor.expect(UInt8(ascii: "{"))
        var isFirst = true
        while try !cursor.accept(UInt8(ascii: "}")) {
            if !isFirst { try cursor.expect(UInt8(ascii: ",")) }
            isFirst = false
            let field = try cursor.string()
            try cursor.expect(UInt8(ascii: ":"))
            switch field {
            case "type": try type.read(&cursor)
            case "unit": try unit.read(&cursor)
            case "help": try help.read(&cursor)
            default: try cursor.skip()
            }
        }
        read.texts += name.spelled
        read.texts += ":{\"type\":".utf8
        read.texts += type.spelled
        read.texts += ",\"unit\":".utf8
        read.texts += unit.spelled
        read.texts += ",\"help\":".utf8
        read.texts += help.spelled
        read.texts.append(UInt8(ascii: "}"))
        for part in [name, type, unit, help] {
            // A zero ends a part, so that shorter ones come first; in a part a 1 stands before it.
            for byte in part.value {
                if byte <= 1 { read.keys.append(1) }
                read.keys.append(byte <= 1 ? byte + 1 : byte)
            }
            read.keys.append(0)
        }
        read.close()
    }

    /// Appends the descriptions of the family that was read last, in their order: Prometheus sorts
    /// families, and not what it says about each.
    ///
    /// - Returns: whether the family has another name than the one that was appended before.
    mutating func append(to list: inout ElementList, noting order: inout ArrivalOrder) -> Bool {
        let keys = read.keys
        read.places.sort { keys[$0.key].lexicographicallyPrecedes(keys[$1.key]) }
        for place in read.places {
            list.texts += read.texts[place.text]
            list.keys += read.keys[place.key]
            list.close(noting: &order)
        }
        let isNew = lastName != name.value
        if isNew { lastName = name.value }
        return isNew
    }
}
