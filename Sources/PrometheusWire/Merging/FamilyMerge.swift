/// Merges the families of several members' `metadata` into one object, whose names are in byte order,
/// each with its different descriptions in order. Lists may arrive in parts (`ListMerge`).
public struct FamilyMerge: ListWriter {
    private var merge: ListMerge
    private let limit: Int?
    private let perFamily: Int?
    /// The name of the family that is being written, in quotes.
    private var name: [UInt8] = []
    private var families = 0
    /// Descriptions of that family.
    private var descriptions = 0
    private var isEnded = false

    public var brackets: (opening: UInt8, closing: UInt8) { (UInt8(ascii: "{"), UInt8(ascii: "}")) }
    public var isTruncated: Bool { false }
    public var unsorted: Set<Int> { merge.unsorted }
    public var heldBytes: Int { merge.heldBytes }

    /// - Parameters:
    ///   - count: Lists that are merged, of the kind `families`.
    ///   - limit: families that are written; nil for all.
    ///   - perFamily: descriptions of each; nil for all.
    public init(of count: Int, limit: Int?, perFamily: Int?) {
        merge = ListMerge(isShared: [Bool](repeating: true, count: count))
        self.limit = limit
        self.perFamily = perFamily
        isEnded = limit == 0
    }

    @discardableResult
    public mutating func add(_ list: ElementList, to index: Int, isOrdered: Bool) -> Bool {
        merge.add(list, to: index, isOrdered: isOrdered)
    }

    public mutating func end(_ index: Int) { merge.end(index) }

    public mutating func write(to out: inout [UInt8], upTo size: Int) -> ListProgress {
        defer { merge.letGivenGo() }
        while !isEnded, out.count < size {
            switch merge.step() {
            case .needs(let list): return .needs(list)
            case .end: endFamily(&out)
            case .element(let text): write(text, to: &out)
            }
        }
        return isEnded ? .end : .full
    }

    /// Writes a description, and its family's name where it is the first one.
    private mutating func write(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        let head = text.prefix(Self.nameLength(of: text))
        if families == 0 || !head.elementsEqual(name) {
            if families == limit { return endFamily(&out) }
            out += (families > 0 ? "]," : "").utf8
            name = Array(head)
            out += name
            out += ":[".utf8
            families += 1
            descriptions = 0
        }
        if let perFamily, descriptions >= perFamily { return }
        if descriptions > 0 { out.append(UInt8(ascii: ",")) }
        // Behind the colon.
        out.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[(name.count + 1)...]))
        descriptions += 1
    }

    /// Ends the last family.
    private mutating func endFamily(_ out: inout [UInt8]) {
        if families > 0 { out.append(UInt8(ascii: "]")) }
        isEnded = true
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
