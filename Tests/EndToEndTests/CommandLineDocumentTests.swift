import Foundation
import RealServers
import TestSupport
import Testing

/// What there is to read about the commands is made from their own help.
@Suite struct CommandLineDocumentTests {
    private static let script = "\(Repository.root)/scripts/command-line"

    @Test func `docs/command-line.md is what the program says of itself`() async throws {
        let made = try await offPool {
            try CommandOutput.of(Self.script, ["page", Repository.gateway()])
        }
        #expect(made.status == 0, "\(made.errors)")
        let page = try String(
            contentsOfFile: "\(Repository.root)/docs/command-line.md", encoding: .utf8)
        #expect(
            made.output == page,
            "write it anew: scripts/command-line page > docs/command-line.md")
    }

    @Test func `Packages get a manual page a command, and completions of three shells`()
        async throws
    {
        try await withTemporaryFolder { folder in
            let made = try await offPool {
                try CommandOutput.of(Self.script, ["files", folder, Repository.gateway()])
            }
            #expect(made.status == 0, "\(made.errors)")
            let pages = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/man/man1")
            for name in ["tributary", "tributary-query", "tributary-get-projects"] {
                #expect(pages.contains("\(name).1"))
            }
            let query = try String(
                contentsOfFile: "\(folder)/man/man1/tributary-query.1", encoding: .utf8)
            #expect(query.hasPrefix(".TH \"TRIBUTARY-QUERY\" \"1\""))
            #expect(query.contains(".B \\-\\-plot"))
            for name in ["tributary.bash", "_tributary", "tributary.fish"] {
                let script = try String(
                    contentsOfFile: "\(folder)/completions/\(name)", encoding: .utf8)
                #expect(script.contains("explain"), "\(name)")
            }
        }
    }
}
