import Foundation
import PromQL
import PromQLScripts
import PromQLTest
import Testing

@Suite struct ScriptCoverage {
    private var queries: [String] {
        get throws {
            try ScriptFolders.scripts(in: ScriptFolders.own).flatMap { file in
                try PromQLScript(parsing: String(contentsOf: file, encoding: .utf8))
                    .commands.compactMap { command in
                        if case .evaluate(let evaluation) = command {
                            evaluation.expression
                        } else {
                            nil
                        }
                    }
            }
        }
    }

    @Test func `The project's own scripts use every function and aggregation`() throws {
        let text = try queries.joined(separator: "\n")
        let names =
            Function.allCases.map(\.rawValue) + Aggregation.Operator.allCases.map(\.rawValue)
        for name in names {
            let isCalled = ["(", " (", " by", " without"].contains { text.contains(name + $0) }
            #expect(isCalled, "\(name)")
        }
    }

    @Test func `The project's own scripts use every operator`() throws {
        let text = try queries.joined(separator: "\n")
        for op in Binary.Operator.allCases.map(\.rawValue) + ["=~", "!~", "bool", "offset", "@"] {
            #expect(text.contains(" \(op) ") || text.contains(op + "\""), "\(op)")
        }
    }
}
