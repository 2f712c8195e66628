/// The names that make room for the partition label: itself, and itself with any number of
/// `exported_` before it. Each becomes the next of the chain.
struct RenameChain: Sendable {
    static let prefix = Array("exported_".utf8)

    let name: [UInt8]

    init(_ name: String) { self.name = Array(name.utf8) }

    func contains(_ label: some BidirectionalCollection<UInt8>) -> Bool {
        guard label.count >= name.count, label.suffix(name.count).elementsEqual(name) else {
            return false
        }
        var rest = label.dropLast(name.count)
        while rest.starts(with: Self.prefix) { rest = rest.dropFirst(Self.prefix.count) }
        return rest.isEmpty
    }
}
