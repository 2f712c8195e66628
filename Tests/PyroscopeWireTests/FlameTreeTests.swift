import GoText
import TestSupport
import Testing

@testable import PyroscopeWire

@Suite("Flame graphs") struct FlameTreeTests {
    private func tree(_ stacks: [(Int64, [String])]) throws -> FlameTree {
        var tree = FlameTree()
        for (value, stack) in stacks { try tree.add(value, stack: stack) }
        return tree
    }

    // MARK: - Levels

    @Test("Functions stand by name behind what is their caller's own") func levels() throws {
        let graph = try tree([(1, ["a", "b", "e"]), (2, ["a", "c"]), (1, ["a", "c", "d"])])
            .flameGraph
        #expect(graph.names == ["total", "a", "c", "d", "b", "e"])
        #expect(
            graph.levels.map(\.values) == [
                [0, 4, 0, 0], [0, 4, 0, 1], [0, 1, 0, 4, 0, 3, 2, 2], [0, 1, 1, 5, 2, 1, 1, 3],
            ])
        #expect(graph.total == 4)
        #expect(graph.maxSelf == 2)
    }

    @Test("A tree of nothing is a root of no width, and no levels are such a tree")
    func empty() throws {
        let graph = FlameTree().flameGraph
        #expect(graph.names == ["total"])
        #expect(graph.levels.map(\.values) == [[0, 0, 0, 0]])
        #expect(graph.total == 0)
        #expect(try FlameTree(graph).count == 0)
        #expect(try FlameTree(FlameGraph()).count == 0)
    }

    @Test("A function that is called total is not the root") func total() throws {
        let graph = try tree([(1, ["total", "total"])]).flameGraph
        #expect(graph.names == ["total", "total"])
        #expect(stacks(try FlameTree(graph)) == [["total", "total"]: 1])
    }

    @Test("Names are told apart by their bytes") func canonicalEquivalence() throws {
        let tree = try tree([(1, ["caf\u{E9}"]), (2, ["cafe\u{301}"])])
        #expect(tree.count == 2)
        #expect(try FlameTree(tree.flameGraph).count == 2)
    }

    @Test("Writing and reading a tree gives it back", arguments: 0..<200)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let tree = try tree(RandomStacks.some(&random))
        let read = try FlameTree(tree.flameGraph)
        #expect(stacks(read) == stacks(tree))
        #expect(read.flameGraph == tree.flameGraph)
        #expect(read.total == tree.total)
    }

    @Test("Trees of parts merge to the tree of the whole", arguments: 0..<200)
    func merge(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let parts = (0...random.below(4)).map { _ in RandomStacks.some(&random) }
        var merged = FlameTree()
        for part in parts { try merged.merge(FlameTree(tree(part).flameGraph)) }
        #expect(merged.flameGraph == (try tree(Array(parts.joined())).flameGraph))
    }

    // MARK: - Cutting

    @Test("What is less than the least that is kept becomes one function below its caller")
    func cut() throws {
        let tree = try tree([
            (1, ["foo", "bar"]), (1, ["foo", "bar", "baz"]), (2, ["foo", "qux"]),
            (1, ["fred", "zoo"]), (1, ["fred", "other"]),
        ])
        #expect(
            stacks(tree.cut(to: 4)) == [
                ["foo", "bar"]: 1, ["foo", "bar", "other"]: 1, ["foo", "qux"]: 2,
                ["fred", "other"]: 2,
            ])
        #expect(stacks(tree.cut(to: 7)) == stacks(tree))
        #expect(stacks(tree.cut(to: 1)) == [["foo", "other"]: 4, ["other"]: 2])
        #expect(tree.cut(to: 0).flameGraph == tree.cut(to: 1).flameGraph)
    }

    @Test("Cutting is what a walk over the stacks by the rule gives", arguments: 0..<300)
    func cutByTheRule(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let whole = RandomStacks.some(&random, names: ["a", "b", "c", "d", "other"])
        let tree = try tree(whole)
        let maximum = 1 + random.below(max(1, tree.count + 2))
        let cut = tree.cut(to: Int64(maximum))
        #expect(stacks(cut) == CutRule.stacks(of: stacks(tree), keeping: maximum))
        #expect(cut.total == tree.total)
        #expect(try FlameTree(cut.flameGraph).flameGraph == cut.flameGraph)
        #expect(stacks(cut.cut(to: Int64(maximum))).values.reduce(0, +) == tree.total)
    }

    @Test("A graph says whether functions were left out of it") func hasOther() throws {
        #expect(try !tree([(1, ["a"])]).hasOther)
        #expect(try tree([(1, ["a", "other"])]).hasOther)
        // A name that no node has.
        var graph = try tree([(1, ["a"])]).flameGraph
        graph.names.append("other")
        #expect(try !FlameTree(graph).hasOther)
    }

    // MARK: - Bounds

    @Test("Stacks of any depth are read, merged, cut and written") func deep() throws {
        let stack = (0..<100_000).map { "f\($0 % 7)" }
        let tree = try tree([(3, stack), (2, Array(stack.prefix(50_000)))])
        var read = try FlameTree(tree.flameGraph)
        try read.merge(tree)
        #expect(read.total == 10)
        #expect(read.count == 100_000)
        #expect(read.cut(to: 50_000).flameGraph.levels.count == 50_002)
    }

    @Test("A function may call many") func wide() throws {
        let tree = try tree((0..<50_000).map { (Int64($0 + 1), ["f\($0)"]) })
        let read = try FlameTree(tree.flameGraph)
        #expect(read.count == 50_000)
        #expect(read.cut(to: 10).count == 11)
    }

    @Test("More nodes than a tree may have are an error") func tooManyNodes() throws {
        let graph = try tree([(1, ["a"]), (1, ["b"]), (1, ["c"])]).flameGraph
        #expect(throws: MessageError.self) { try FlameTree(graph, maximumNodes: 2) }
        var small = try FlameTree(tree([(1, ["a"]), (1, ["b"])]).flameGraph, maximumNodes: 2)
        let error = #expect(throws: ConnectError.self) { try small.merge(FlameTree(graph)) }
        #expect(error?.code == .resourceExhausted)
    }

    @Test("Values of more than 64 bits are an error") func overflow() throws {
        var tree = try tree([(Int64.max, ["a"])])
        #expect(throws: ConnectError.self) { try tree.merge(self.tree([(1, ["a"])])) }
    }

    @Test(
        "What is no flame graph is an error",
        arguments: [
            // Numbers that do not come in fours.
            [[0, 1, 1]],
            // Two roots.
            [[0, 1, 1, 0, 0, 1, 1, 0]],
            // A self above the total, a negative total, a negative offset.
            [[0, 1, 2, 0]], [[0, -1, 0, 0]], [[0, 4, 0, 0], [-1, 4, 4, 1]],
            // Parts that are too small, too large, missing, and outside.
            [[0, 4, 0, 0], [0, 3, 3, 1]], [[0, 4, 1, 0], [0, 4, 4, 1]], [[0, 4, 0, 0]],
            [[0, 4, 0, 0], [1, 4, 4, 1]], [[0, 4, 0, 0], [0, 4, 4, 1], [0, 4, 4, 1]],
            [[0, 4, 0, 0], [4, 4, 4, 1]],
            // A node on two callers.
            [[0, 4, 0, 0], [0, 2, 0, 1, 0, 2, 0, 2], [1, 2, 2, 1]],
            // Names that are not there.
            [[0, 4, 0, 0], [0, 4, 4, 3]], [[0, 4, 0, 0], [0, 4, 4, -1]],
            // Widths of more than 64 bits.
            [[Int64.max, Int64.max, 0, 0]],
        ])
    func malformed(levels: [[Int64]]) {
        var graph = FlameGraph()
        graph.names = ["total", "a", "b"]
        graph.levels = levels.map { FlameGraph.Level($0) }
        #expect(throws: MessageError.self) { try FlameTree(graph) }
    }

    @Test("Nodes without width are passed over") func withoutWidth() throws {
        var graph = FlameGraph()
        graph.names = ["total", "a", "b"]
        graph.levels = [[0, 4, 0, 0], [0, 0, 0, 2, 0, 4, 4, 1, 0, 0, 0, 9], [0, 0, 0, 2]].map {
            FlameGraph.Level($0)
        }
        #expect(stacks(try FlameTree(graph)) == [["a"]: 4])
    }

    // MARK: - The number of nodes

    @Test("A client asks for up to a million nodes, and gets 8192 where it does not ask")
    func limit() throws {
        #expect(try FlameGraphLimit.nodes(asked: nil) == 8192)
        #expect(try FlameGraphLimit.nodes(asked: 0) == 8192)
        #expect(try FlameGraphLimit.nodes(asked: 3) == 3)
        #expect(try FlameGraphLimit.nodes(asked: 1_048_576) == 1_048_576)
        #expect(
            throws: ConnectError(
                .invalidArgument,
                "max flamegraph nodes limit 1048577 is greater than allowed 1048576")
        ) { try FlameGraphLimit.nodes(asked: 1_048_577) }
        #expect(throws: ConnectError.self) { try FlameGraphLimit.nodes(asked: -1) }
    }

    @Test("A member's refusal says how many it allows") func allowed() {
        func allowed(_ text: String) -> Int64? {
            FlameGraphLimit.allowed(in: ConnectError(.invalidArgument, text))
        }
        #expect(allowed("max flamegraph nodes limit 1048576 is greater than allowed 100") == 100)
        #expect(
            allowed("query: max flamegraph nodes limit 7 is greater than allowed 5; sorry") == 5)
        #expect(allowed("max flamegraph nodes limit 7 is greater than allowed 0") == nil)
        #expect(allowed("max flamegraph nodes limit must be set (max allowed 5)") == nil)
        #expect(allowed("max flamegraph nodes limit") == nil)
        #expect(allowed("allowed 5") == nil)
    }
}

/// The stacks of a tree that have a value of their own.
func stacks(_ tree: FlameTree) -> [[String]: Int64] {
    var paths: [[String]] = [[]]
    var stacks: [[String]: Int64] = [:]
    for (place, node) in tree.nodes.enumerated() {
        if place > 0 { paths.append(paths[Int(node.parent)] + [tree.names[Int(node.name)]]) }
        if node.own > 0 { stacks[paths[place]] = node.own }
    }
    return stacks
}

enum RandomStacks {
    static func some(
        _ random: inout SeededRandom, names: [String] = ["a", "b", "c", "main.f", "ü", ""]
    ) -> [(Int64, [String])] {
        (0..<random.below(30)).map { _ in
            let depth = random.below(6)
            let stack = (0..<depth).map { _ in random.pick(names) }
            return (Int64(random.below(5)), stack)
        }
    }
}

/// The rule of cutting, stack by stack.
enum CutRule {
    static func stacks(of whole: [[String]: Int64], keeping maximum: Int) -> [[String]: Int64] {
        var totals: [[String]: Int64] = [:]
        for (stack, value) in whole {
            for depth in 0..<stack.count { totals[Array(stack[...depth]), default: 0] += value }
        }
        var least: Int64 = 0
        if totals.count > maximum { least = totals.values.sorted(by: >)[maximum - 1] }
        var cut: [[String]: Int64] = [:]
        for (stack, value) in whole {
            let lost = stack.indices.first {
                stack[$0] == "other" || totals[Array(stack[...$0])].map { $0 < least } ?? true
            }
            let kept = lost.map { Array(stack[..<$0]) + ["other"] } ?? stack
            cut[kept, default: 0] += value
        }
        return cut
    }
}
