/// Merges the families of several members' `metadata` into one object, whose names are in byte order,
/// each with its different descriptions in order.
public struct FamilyMerge: ListWriter {
    private var merge: ListMerge
    private let limit: Int?
    private let perFamily: Int?
    /// The name of the family that is being written, in quotes.
    private var name: [UInt8] = []
    private var families = 0
    /// Descriptions of that family.
    private var descriptions = 0

    public var brackets: (opening: UInt8, closing: UInt8) { (UInt8(ascii: "{"), UInt8(ascii: "}")) }
    public var isTruncated: Bool { false }

    /// - Parameters:
    ///   - lists: of the kind `families`.
    ///   - limit: families that are written; nil for all.
    ///   - perFamily: descriptions of each; nil for all.
    public init(_ lists: [ElementList], limit: Int?, perFamily: Int?) {
        merge = ListMerge(lists)
        self.limit = limit
        self.perFamily = perFamily
    }

    public mutating func append(to out: inout [UInt8], upTo size: Int = .max) -> Bool {
        while out.count < size {
            guard let text = merge.next() else {
                if families > 0, !name.isEmpty { out.append(UInt8(ascii: "]")) }
                name = []
                return false
            }
            let head = text.prefix(Self.nameLength(of: text))
            if name.isEmpty || !head.elementsEqual(name) {
                if !name.isEmpty { out.append(UInt8(ascii: "]")) }
                name = []
                if let limit, families >= limit { return false }
                if families > 0 { out.append(UInt8(ascii: ",")) }
                name = Array(head)
                out += name
                out += ":[".utf8
                families += 1
                descriptions = 0
            }
            if let perFamily, descriptions >= perFamily { continue }
            if descriptions > 0 { out.append(UInt8(ascii: ",")) }
            // Behind the colon.
            out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[(name.count + 1)...]))
            descriptions += 1
        }
        return true
    }

    /// Bytes of the string that a text begins with, quotes included.
    private static func nameLength(of text: UnsafeRawBufferPointer) -> Int {
        var index = 1
        while index < text.count, text[index] != UInt8(ascii: "\"") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, text.count)
    }
}
