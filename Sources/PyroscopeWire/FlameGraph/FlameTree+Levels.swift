extension FlameTree {
    /// The stacks of a member's flame graph.
    ///
    /// - Throws: `MessageError` where the levels are none of a flame graph: numbers that do not come
    ///   in fours, nodes outside of their callers, names that are not there, totals that do not add
    ///   up, or more nodes than a tree may have.
    public init(
        _ graph: FlameGraph, maximumNodes: Int = FlameTree.defaultMaximumNodes
    ) throws(MessageError) {
        self.init(maximumNodes: maximumNodes)
        do throws(ConnectError) {
            try read(graph)
        } catch {
            throw MessageError("no flame graph: \(error.message)")
        }
    }

    /// A node of the level above, on which nodes of this level stand.
    private struct Caller {
        var place: Int32
        var range: Range<Int64>
        /// What is not yet explained by its own value and by those it calls.
        var rest: Int64
    }

    private mutating func read(_ graph: FlameGraph) throws(ConnectError) {
        let numbers = graph.names.map { number(of: $0) }
        var callers: [Caller] = []
        for (depth, level) in graph.levels.enumerated() {
            let values = level.values
            guard values.count % 4 == 0 else { throw Self.wrong("numbers do not come in fours") }
            if depth == 0, values.count > 4 { throw Self.wrong("it has several roots") }
            var nodes: [Caller] = []
            var end: Int64 = 0
            var above = 0
            for index in stride(from: 0, to: values.count, by: 4) {
                let (offset, total, own) = (values[index], values[index + 1], values[index + 2])
                guard offset >= 0, own >= 0, own <= total else {
                    throw Self.wrong("a node has a value that none can have")
                }
                let range = try Self.range(after: end, offset, total)
                end = range.upperBound
                // What has no width shows nothing, and nothing that it calls does.
                if range.isEmpty { continue }
                let place: Int32
                if depth == 0 {
                    place = 0
                    try count(total)
                } else {
                    while above < callers.count, callers[above].range.upperBound <= range.lowerBound
                    {
                        above += 1
                    }
                    guard above < callers.count, callers[above].range.contains(range.lowerBound),
                        range.upperBound <= callers[above].range.upperBound,
                        callers[above].rest >= total
                    else { throw Self.wrong("a node is outside of its caller") }
                    callers[above].rest -= total
                    guard values[index + 3] >= 0, values[index + 3] < numbers.count else {
                        throw Self.wrong("a node has no name")
                    }
                    place = try child(
                        of: callers[above].place, named: numbers[Int(values[index + 3])])
                }
                add(own, to: place)
                nodes.append(Caller(place: place, range: range, rest: total - own))
            }
            try Self.check(callers)
            callers = nodes
        }
        try Self.check(callers)
    }

    private static func check(_ callers: [Caller]) throws(ConnectError) {
        guard callers.allSatisfy({ $0.rest == 0 }) else {
            throw wrong("the total of a node is not that of its parts")
        }
    }

    private static func range(
        after end: Int64, _ offset: Int64, _ total: Int64
    ) throws(ConnectError) -> Range<Int64> {
        let (start, isStartTooLarge) = end.addingReportingOverflow(offset)
        let (upper, isEndTooLarge) = start.addingReportingOverflow(total)
        if isStartTooLarge || isEndTooLarge { throw wrong("its width exceeds 64 bits") }
        return start..<upper
    }

    private static func wrong(_ reason: String) -> ConnectError { ConnectError(.internal, reason) }

    // MARK: - Writing

    /// The tree as levels. Functions that one calls stand from left to right by name, behind what is
    /// of the function itself, those left out last; names are in the order in which a walk from the
    /// root meets them that takes the last function first.
    ///
    /// Not compared with a real server: where those left out stand.
    public var flameGraph: FlameGraph {
        let totals = totals
        let children = children
        var graph = FlameGraph()
        graph.total = total
        graph.names = ["total"]
        let numbers = numbersOfNames(totals, children, &graph.names)

        var level: [(place: Int, start: Int64)] = [(0, 0)]
        while !level.isEmpty {
            var values: [Int64] = []
            values.reserveCapacity(level.count * 4)
            var below: [(place: Int, start: Int64)] = []
            var end: Int64 = 0
            for (place, start) in level {
                let node = nodes[place]
                values.append(start - end)
                values.append(totals[place])
                values.append(node.own)
                values.append(place == 0 ? 0 : numbers[Int(node.name)])
                end = start + totals[place]
                graph.maxSelf = max(graph.maxSelf, node.own)
                var next = start + node.own
                for child in children[place] where totals[Int(child)] > 0 {
                    below.append((Int(child), next))
                    next += totals[Int(child)]
                }
            }
            graph.levels.append(FlameGraph.Level(values))
            level = below
        }
        return graph
    }

    /// The place of each name among those of the graph, to which it is added.
    private func numbersOfNames(
        _ totals: [Int64], _ children: Children, _ graphNames: inout [String]
    ) -> [Int64] {
        var numbers = [Int64](repeating: 0, count: names.count)
        var stack = [0]
        while let place = stack.popLast() {
            if place != 0 {
                let name = Int(nodes[place].name)
                if numbers[name] == 0 {
                    numbers[name] = Int64(graphNames.count)
                    graphNames.append(names[name])
                }
            }
            for child in children[place] where totals[Int(child)] > 0 { stack.append(Int(child)) }
        }
        return numbers
    }

    // MARK: - Cutting

    /// The tree with about so many nodes: those with the largest totals. The least total that is kept
    /// is the one at this place in their order; nodes that are equal to it stay too. What is less
    /// becomes one node below its caller, `other`, and so does a function of that name.
    ///
    /// - Parameter maximum: at least one node is kept.
    public func cut(to maximum: Int64) -> FlameTree {
        let totals = totals
        let children = children
        var least: Int64 = 0
        if Int64(count) > maximum {
            let ordered = totals.dropFirst().sorted(by: >)
            least = ordered[max(0, Int(maximum) - 1)]
        }
        let other = names.firstIndex(of: Self.otherName).map { Int32($0) }

        var cut = self
        cut.removeNodes()
        var stack: [(place: Int, new: Int32)] = [(0, 0)]
        cut.add(nodes[0].own, to: 0)
        while let (place, new) = stack.popLast() {
            var left: Int64 = 0
            for child in children[place] {
                let node = nodes[Int(child)]
                if totals[Int(child)] < least || node.name == other {
                    left += totals[Int(child)]
                    continue
                }
                let kept = cut.append(node, below: new)
                stack.append((Int(child), kept))
            }
            if left > 0 {
                let name = cut.number(of: Self.otherName)
                _ = cut.append(Node(parent: new, name: name, own: left), below: new)
            }
        }
        return cut
    }
}
