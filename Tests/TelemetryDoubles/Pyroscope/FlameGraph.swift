/// A tree of functions, as Pyroscope builds it from stacks and writes it level by level.
struct FlameGraph {
    private struct Node {
        var name: String
        var total: Int64 = 0
        var own: Int64 = 0
        /// Places of the children.
        var children: [Int] = []
    }

    private static let root = "total"
    private static let rest = "other"

    private var nodes = [Node(name: FlameGraph.root)]

    /// Adds a stack, outermost function first.
    mutating func add(_ stack: [String], _ value: Int64) {
        var place = 0
        nodes[place].total += value
        for name in stack {
            let known = nodes[place].children.first { nodes[$0].name == name }
            let child = known ?? nodes.count
            if known == nil {
                nodes.append(Node(name: name))
                nodes[place].children.append(child)
            }
            nodes[child].total += value
            place = child
        }
        nodes[place].own += value
    }

    /// The graph with at most so many functions, but for equal totals. Smaller ones of one parent
    /// become one that is called `other`. 0 is for no bound.
    func cut(to count: Int) -> FlameGraph {
        guard count > 0, nodes.count - 1 > count else { return self }
        let least = nodes.dropFirst().map(\.total).sorted(by: >)[count - 1]
        var cut = FlameGraph()
        cut.nodes[0].total = nodes[0].total
        cut.nodes[0].own = nodes[0].own
        copy(childrenOf: 0, to: &cut, 0, least: least)
        return cut
    }

    private func copy(
        childrenOf place: Int, to cut: inout FlameGraph, _ target: Int, least: Int64
    ) {
        var left: Int64 = 0
        for child in nodes[place].children {
            let node = nodes[child]
            // What was cut before stays together with what is cut now.
            guard node.total >= least, node.name != Self.rest else {
                left += node.total
                continue
            }
            let copied = cut.nodes.count
            cut.nodes.append(Node(name: node.name, total: node.total, own: node.own))
            cut.nodes[target].children.append(copied)
            copy(childrenOf: child, to: &cut, copied, least: least)
        }
        guard left > 0 else { return }
        cut.nodes[target].children.append(cut.nodes.count)
        cut.nodes.append(Node(name: Self.rest, total: left, own: left))
    }

    // MARK: Levels

    /// Four numbers for each function of a level: the distance from the end of the one before, its
    /// total, its own share, and its name as an index.
    func message() -> ConnectMessage {
        var names: [String] = []
        var places: [String: Int] = [:]
        var levels: [[Int64]] = []
        var level: [(place: Int, x: Int64)] = nodes[0].total > 0 ? [(0, 0)] : []
        while !level.isEmpty {
            var numbers: [Int64] = []
            var below: [(place: Int, x: Int64)] = []
            var end: Int64 = 0
            for (place, x) in level {
                let node = nodes[place]
                let name = places[node.name] ?? names.count
                if name == names.count {
                    places[node.name] = name
                    names.append(node.name)
                }
                numbers += [x - end, node.total, node.own, Int64(name)]
                end = x + node.total
                var start = x
                for child in node.children.sorted(by: { nodes[$0].name < nodes[$1].name }) {
                    below.append((child, start))
                    start += nodes[child].total
                }
            }
            levels.append(numbers)
            level = below
        }
        return ConnectMessage([
            (1, "names", .texts(names)),
            (
                2, "levels",
                .messages(levels.map { ConnectMessage([(1, "values", .numbers($0))]) })
            ),
            (3, "total", .number(nodes[0].total)),
            (4, "maxSelf", .number(nodes.map(\.own).max() ?? 0)),
        ])
    }
}
