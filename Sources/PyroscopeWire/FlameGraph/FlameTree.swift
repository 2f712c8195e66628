import GoText

/// Stacks of functions, each with the value that its leaf has of itself: what a flame graph shows.
///
/// Equal stacks of several members are one, their values added. Names are compared by their bytes.
/// Every walk is a loop, so that no depth of stacks exhausts that of the thread.
public struct FlameTree: Sendable {
    struct Node {
        /// Stands before the node; the root's is itself.
        var parent: Int32
        /// Among `names`; the root has none, and 0 here.
        var name: Int32
        /// What is of the function itself, not of those it calls.
        var own: Int64
    }

    /// The root first.
    private(set) var nodes = [Node(parent: 0, name: 0, own: 0)]
    private(set) var names: [String] = []
    private var nameNumbers: [ByteString: Int32] = [:]
    /// By parent and name.
    private var places: [UInt64: Int32] = [:]
    /// Of all values.
    public private(set) var total: Int64 = 0
    /// The most nodes that a tree may have.
    private let maximumNodes: Int

    /// What a server and `cut(to:)` call the functions that were left out.
    public static let otherName = "other"

    /// As many nodes as four members give at most.
    public static let defaultMaximumNodes = 4 * Int(FlameGraphLimit.most)

    public init(maximumNodes: Int = FlameTree.defaultMaximumNodes) {
        self.maximumNodes = maximumNodes
    }

    /// Nodes without the root.
    public var count: Int { nodes.count - 1 }

    /// Whether the tree has a function `other`, as servers name the functions that they left out. Their
    /// values are missing at the functions themselves.
    public var hasOther: Bool {
        guard let other = nameNumbers[ByteString(Self.otherName)] else { return false }
        return nodes.dropFirst().contains { $0.name == other }
    }

    // MARK: - Adding

    /// Adds a stack, the root's callee first. A value of zero adds nothing.
    ///
    /// - Throws: `resource_exhausted` for more nodes than the tree may have, or a sum of more than 64
    ///   bits. The tree is of no use then.
    public mutating func add(_ value: Int64, stack: [String]) throws(ConnectError) {
        guard value > 0 else { return }
        try count(value)
        var node: Int32 = 0
        for name in stack { node = try child(of: node, named: number(of: name)) }
        nodes[Int(node)].own += value
    }

    /// Adds all stacks of another tree.
    ///
    /// - Throws: as `add(_:stack:)`.
    public mutating func merge(_ other: FlameTree) throws(ConnectError) {
        try count(other.total)
        let numbers = other.names.map { number(of: $0) }
        // A parent stands before its children.
        var own: [Int32] = [0]
        own.reserveCapacity(other.nodes.count)
        nodes[0].own += other.nodes[0].own
        for node in other.nodes.dropFirst() {
            let place = try child(of: own[Int(node.parent)], named: numbers[Int(node.name)])
            nodes[Int(place)].own += node.own
            own.append(place)
        }
    }

    /// No sum of a part overflows where the whole does not.
    mutating func count(_ value: Int64) throws(ConnectError) {
        let (sum, overflows) = total.addingReportingOverflow(value)
        if overflows {
            throw ConnectError(.resourceExhausted, "the values of the profiles exceed 64 bits")
        }
        total = sum
    }

    mutating func add(_ value: Int64, to node: Int32) { nodes[Int(node)].own += value }

    mutating func number(of name: String) -> Int32 {
        let key = ByteString(name)
        if let number = nameNumbers[key] { return number }
        let number = Int32(names.count)
        names.append(name)
        nameNumbers[key] = number
        return number
    }

    /// The node of a function that another one calls; a new one where there is none.
    mutating func child(of parent: Int32, named name: Int32) throws(ConnectError) -> Int32 {
        let key = Self.key(parent, name)
        if let place = places[key] { return place }
        guard nodes.count <= maximumNodes else {
            throw ConnectError(
                .resourceExhausted,
                "the flame graph has more than \(maximumNodes) nodes; select fewer profiles")
        }
        let place = Int32(nodes.count)
        nodes.append(Node(parent: parent, name: name, own: 0))
        places[key] = place
        return place
    }

    /// Leaves the root and the names, with no value.
    mutating func removeNodes() {
        nodes = [Node(parent: 0, name: 0, own: 0)]
        places = [:]
    }

    /// Adds a node that its caller has no other of the name of; never one more than the tree has had.
    mutating func append(_ node: Node, below parent: Int32) -> Int32 {
        let place = Int32(nodes.count)
        nodes.append(Node(parent: parent, name: node.name, own: node.own))
        places[Self.key(parent, node.name)] = place
        return place
    }

    private static func key(_ parent: Int32, _ name: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: parent)) << 32 | UInt64(UInt32(bitPattern: name))
    }

    // MARK: - Looking

    /// The value of each node and of all below it.
    var totals: [Int64] {
        var totals = nodes.map(\.own)
        for place in nodes.indices.dropFirst().reversed() {
            totals[Int(nodes[place].parent)] += totals[place]
        }
        return totals
    }

    /// The nodes of each parent side by side, by name, the one that stands for others last.
    var children: Children { Children(self) }

    struct Children {
        private var order: [Int32] = []
        private var ends: [Int] = []

        init(_ tree: FlameTree) {
            let names = tree.names
            let byName = names.indices.sorted {
                let isLast = (names[$0] == otherName, names[$1] == otherName)
                if isLast.0 != isLast.1 { return isLast.1 }
                return names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8)
            }
            var ranks = [UInt64](repeating: 0, count: names.count)
            for (rank, name) in byName.enumerated() { ranks[name] = UInt64(rank) }
            let nodes = tree.nodes
            var keyed = nodes.indices.dropFirst().map { place in
                let node = nodes[place]
                return (
                    key: UInt64(node.parent) << 32 | ranks[Int(node.name)], place: Int32(place)
                )
            }
            keyed.sort { $0.key < $1.key }
            order = keyed.map(\.place)
            ends = [Int](repeating: 0, count: nodes.count)
            for node in nodes.dropFirst() { ends[Int(node.parent)] += 1 }
            for place in ends.indices.dropFirst() { ends[place] += ends[place - 1] }
        }

        /// Of the node at this place.
        subscript(place: Int) -> ArraySlice<Int32> {
            order[(place == 0 ? 0 : ends[place - 1])..<ends[place]]
        }
    }
}

/// How many nodes a flame graph may have.
public enum FlameGraphLimit {
    /// Where the client does not say it.
    public static let byDefault: Int64 = 8192
    /// What a client may ask for, and what members are asked for: a server's own default.
    public static let most: Int64 = 1_048_576

    /// What a client's `max_nodes` means, in the words of a server where it asks for too much.
    public static func nodes(asked: Int64?) throws(ConnectError) -> Int64 {
        guard let asked, asked != 0 else { return byDefault }
        if asked < 0 {
            throw ConnectError(
                .invalidArgument, "max flamegraph nodes limit must be set (max allowed \(most))")
        }
        if asked > most {
            throw ConnectError(
                .invalidArgument,
                "max flamegraph nodes limit \(asked) is greater than allowed \(most)")
        }
        return asked
    }

    /// The most nodes that a member gives, as it says in refusing more; nil for another error.
    public static func allowed(in error: ConnectError) -> Int64? {
        let words = error.message.split(separator: " ")
        let phrase = "max flamegraph nodes limit".split(separator: " ")
        let verdict = "is greater than allowed".split(separator: " ")
        for start in words.indices where words[start...].starts(with: phrase) {
            let rest = words[start...].dropFirst(phrase.count)
            guard let asked = rest.first, Int64(asked) != nil,
                rest.dropFirst().starts(with: verdict),
                let allowed = rest.dropFirst(1 + verdict.count).first
            else { continue }
            return Int64(allowed.prefix { $0.isASCII && $0.isNumber }).flatMap { $0 > 0 ? $0 : nil }
        }
        return nil
    }
}
