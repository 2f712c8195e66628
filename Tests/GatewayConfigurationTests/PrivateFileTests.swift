import Foundation
import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// What the gateway writes is for its own user alone.
@Suite(.serialized) struct PrivateFileTests {
    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).intValue
    }

    @Test(arguments: [0o000, 0o077] as [mode_t])
    func secretsAndTheStoreArePrivateWhateverTheUmask(mask: mode_t) throws {
        try withTemporaryFolder { folder in
            let former = umask(mask)
            defer { _ = umask(former) }
            let secrets = SecretFiles(directory: "\(folder)/a/secrets", generation: .whenMissing)
            _ = try secrets.generate(name: "tokens", key: "grafana")
            _ = try SQLiteProjectStore(directory: "\(folder)/b/data/")
            for directory in ["a", "a/secrets", "a/secrets/tokens", "b", "b/data"] {
                #expect(try mode("\(folder)/\(directory)") == 0o700, "\(directory)")
            }
            for file in ["a/secrets/tokens/grafana", "b/data/tributary.sqlite"] {
                #expect(try mode("\(folder)/\(file)") == 0o600, "\(file)")
            }
        }
    }

    @Test func whatExistsIsWrittenOverOnlyWhereThatIsWantedAndIsPrivateThen() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/file"
            try Data("a longer text".utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: PrivateFile.Failure.self) {
                try PrivateFile.write("text".utf8, to: path)
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "a longer text")
            try PrivateFile.write("text".utf8, to: path, replaces: true)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "text")
            #expect(try mode(path) == 0o600)
        }
    }

    @Test func aDirectoryThatExistsKeepsItsPermissions() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/shared"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o750])
            try PrivateFile.makeDirectory(path)
            #expect(try mode(path) == 0o750)
        }
    }
}
