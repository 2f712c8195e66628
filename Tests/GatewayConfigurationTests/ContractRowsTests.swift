import Foundation
import Testing

/// The feature table of the contract of projects has 44 rows, and no row is without a test.
@Suite struct ContractRowsTests {
    /// All tests of this package, as text.
    private static func sources() throws -> String {
        let tests = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
        let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)
        var text = ""
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            text += try String(contentsOf: file, encoding: .utf8)
        }
        return text
    }

    @Test func everyRowHasATestNamedAfterIt() throws {
        let sources = try Self.sources()
        let missing = (1...44).filter { !sources.contains("`Row \($0): ") }
        #expect(missing == [])
    }
}
