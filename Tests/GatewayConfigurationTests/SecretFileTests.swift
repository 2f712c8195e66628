import Foundation
import TestSupport
import Testing

@testable import GatewayConfiguration
@testable import UpstreamSettings

/// Secrets in files that change while they are in use.
@Suite struct SecretFileTests {
    /// Written in place, as `echo` does.
    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func file(_ path: String) throws -> SecretFile {
        try #require(try SecretFiles().file(path).file)
    }

    @Test func anotherSecretIsTakenOnceTwoLooksInARowFindIt() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first\n", to: path)
            let secret = try SecretFiles().file(path)
            let file = try #require(secret.file)
            #expect(file.look() == nil)
            try write("second\n", to: path)
            #expect(file.look() == nil)
            #expect(secret.exposed == "first")
            #expect(file.look() == .replaced)
            #expect(secret.exposed == "second")
            #expect(secret.exposedValues == ["second", "first"])
            #expect(file.digest == SecretDigest(ofText: "second"))
            #expect(file.look() == nil)
            #expect(
                file.counts == SecretFile.Counts(replacements: 1, refusals: 0, isUsable: true))
        }
    }

    @Test func aSecretOfAKubernetesVolumeFollowsTheRenameOfItsData() throws {
        try withTemporaryFolder { folder in
            let manager = FileManager.default
            func publish(_ generation: String, _ text: String) throws {
                try manager.createDirectory(
                    atPath: "\(folder)/\(generation)", withIntermediateDirectories: true)
                try write(text, to: "\(folder)/\(generation)/token")
                try manager.createSymbolicLink(
                    atPath: folder + "/..data_tmp", withDestinationPath: generation)
                #expect(rename(folder + "/..data_tmp", folder + "/..data") == 0)
            }
            try publish("..one", "first")
            try manager.createSymbolicLink(
                atPath: folder + "/token", withDestinationPath: "..data/token")
            let file = try file(folder + "/token")
            try publish("..two", "second")
            try manager.removeItem(atPath: folder + "/..one")
            #expect([file.look(), file.look()] == [nil, .replaced])
            #expect(file.value == "second")
        }
    }

    @Test func aFileThatIsJustBeingWrittenIsNotTakenHalf() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first\n", to: path)
            let file = try file(path)
            try write("", to: path)
            #expect(file.look() == .refused("is empty"))
            try write("sec", to: path)
            #expect(file.look() == nil)
            try write("second", to: path)
            #expect(file.look() == nil)
            #expect(file.value == "first")
            #expect(file.look() == .replaced)
            #expect(file.value == "second")
            #expect(
                file.counts == SecretFile.Counts(replacements: 1, refusals: 1, isUsable: true))
        }
    }

    @Test(arguments: [
        ("", "is empty"), (" \n\n", "is empty"), ("one\ntwo\n", "holds more than one line"),
        ("one\r\ntwo", "holds more than one line"), ("one\u{0}two", "holds a NUL character"),
        ("one\u{1b}two", "holds a control character"),
        (String(repeating: "x", count: 70_000), "is longer than 65536 bytes"),
    ])
    func whatIsNoSecretLeavesTheFormerOneInForceAndIsToldOnce(
        content: String, problem: String
    ) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first", to: path)
            let file = try file(path)
            try write(content, to: path)
            #expect([file.look(), file.look()] == [.refused(problem), nil])
            #expect(file.value == "first")
            #expect(!file.counts.isUsable)
            try write("first\n", to: path)
            #expect([file.look(), file.look()] == [.recovered, nil])
            #expect(
                file.counts == SecretFile.Counts(replacements: 0, refusals: 1, isUsable: true))
            // At the start there is no former one.
            try write(content, to: path)
            #expect(throws: SecretFiles.Failure.unreadable(problem)) {
                try SecretFiles().file(path)
            }
        }
    }

    @Test func aFileThatIsMissingForAMomentLeavesItsSecretInForce() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first", to: path)
            let file = try file(path)
            try FileManager.default.removeItem(atPath: path)
            #expect([file.look(), file.look()] == [.refused("is missing"), nil])
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
            #expect(file.look() == .refused("cannot be read: Is a directory"))
            #expect(file.value == "first")
            try FileManager.default.removeItem(atPath: path)
            try write("second", to: path)
            #expect([file.look(), file.look()] == [nil, .replaced])
        }
    }

    @Test func aPipeInThePlaceOfAFileDoesNotMakeALookWait() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first", to: path)
            let file = try file(path)
            try FileManager.default.removeItem(atPath: path)
            #expect(mkfifo(path, 0o600) == 0)
            #expect(file.look() == .refused("is empty"))
            #expect(file.value == "first")
        }
    }

    @Test func aConfigurationThatIsReadAgainGoesOnWithTheSameFile() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first", to: path)
            let yaml =
                "projects: [{name: a, prometheus: {url: http://a, bearerTokenFile: \(path)}}]"
            let before = try Configuration.parse(yaml, path: "c.yaml")
            try write("second", to: path)
            let after = try Configuration.parse(yaml, path: "c.yaml")
            #expect(before.projects == after.projects)
            // As read at the start: what is there then is in force.
            #expect(before.secretFiles.map(\.value) == ["second"])
        }
    }

    @Test func everyFileOfASecretOfAConfigurationIsLookedAt() throws {
        try withTemporaryFolder { folder in
            for name in ["token", "password", "bearer", "of-cluster"] {
                try write("secret-\(name)\n", to: "\(folder)/\(name)")
            }
            for name in ["keys/in", "keys/out"] {
                try FileManager.default.createDirectory(
                    atPath: folder + "/keys", withIntermediateDirectories: true)
                try write("secret-\(name)", to: "\(folder)/\(name)")
            }
            let configuration = try Configuration.parse(
                """
                auth: {tokens: [{name: t, tokenFile: \(folder)/token}]}
                clusters: [{name: c, prometheus: {url: http://c, bearerTokenFile: \(folder)/of-cluster}}]
                clusterPools: {default: [c]}
                projects:
                  - name: a
                    prometheus:
                      {url: http://a, basicAuth: {username: u, passwordFile: \(folder)/password}}
                    apiKeys: [{keySecret: {name: keys, key: in}}]
                  - {name: b, prometheus: {url: http://b, bearerTokenFile: \(folder)/bearer}}
                  - {name: r, remoteCoroot: {url: http://r, apiKeySecret: {name: keys, key: out}}}
                """, path: "c.yaml", secrets: SecretFiles(directory: folder))
            #expect(
                configuration.secretFiles.map(\.path)
                    == ["bearer", "keys/in", "keys/out", "of-cluster", "password", "token"].map {
                        "\(folder)/\($0)"
                    })
            var dumped = ""
            dump(configuration, to: &dumped)
            #expect(!dumped.contains("secret-"))
            #expect(!String(reflecting: configuration).contains("secret-"))
            // A token that is too short is not taken later either.
            let token = try #require(configuration.authentication?.tokens.first)
            try write("short", to: folder + "/token")
            #expect(token.file?.look() == .refused("is too short to be safe"))
            #expect(token.digest == SecretDigest(ofText: "secret-token"))
        }
    }

    @Test func aStoredProjectGoesOnWithItsFileAndWithoutItWithTheSecretItHad() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/token"
            try write("first", to: path)
            let yaml =
                "projects: [{name: a, prometheus: {url: http://a, bearerTokenFile: \(path)}}]"
            let written = ProjectDocument.written(
                try #require(try Configuration.parse(yaml, path: "c.yaml").projects.first))
            func token() throws -> String? {
                let project = try ProjectDocument.read(written, name: "a", members: [])
                guard case .prometheus(let source) = project.kind else { return nil }
                return source.credentials.secret?.exposed
            }
            try write("second", to: path)
            #expect(try token() == "second")
            try FileManager.default.removeItem(atPath: path)
            #expect(try token() == "first")
        }
    }
}
