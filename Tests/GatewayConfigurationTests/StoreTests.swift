import Foundation
import GoText
import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// The SQLite store on its own: what is put in comes out of a file that was closed meanwhile.
@Suite struct StoreTests {
    private static let everything = """
        clusters: [{name: one, prometheus: {url: http://one}}]
        clusterPools: {default: [one]}
        projects:
          - {name: plain, prometheus: {url: http://plain}}
          - name: basic
            exactness: strict
            labels: {region: eu, env: "prod \\"1"}
            prometheus:
              url: https://basic:8443/prefix/
              basicAuth: {username: "u:\\"ü", password: "p$$w: \\"\\\\ x"}
              headers: {X-Scope-OrgID: tenant, X-Other: "a, b"}
              queryParameters: {tenant: "a&b", passwordFile: p}
              tls: {caFile: /ca.pem, certFile: /c.pem, keyFile: /k.pem, serverName: n, skipVerify: true}
              acceptEncoding: gzip
              timeout: 1m5s
              capabilities: {labelNames: emulated}
              externalLabels: {region: eu}
          - {name: bearer, prometheus: {url: http://b, bearerToken: t0ken}}
          - name: remote
            remoteCoroot:
              {url: https://r/coroot, apiKey: outgoing, metricResolution: 1m, tlsSkipVerify: true,
               timeout: 5s}
          - {name: pooled, clusterPool: attributes}
          - {name: one-pool, clusterPool: default}
          - {name: all, memberProjects: [remote, plain, pooled], partialResponse: warn}
        """

    /// Of a folder that is not there yet.
    private func withFolder(_ work: (String) async throws -> Void) async throws {
        try await withTemporaryFolder { try await work("\($0)/data") }
    }

    private func text(_ json: String) throws -> DocumentValue {
        try DocumentValue(json: Array(json.utf8))
    }

    @Test func everyKindOfRecordOutlivesTheProcess() async throws {
        try await withFolder { folder in
            let file = try Configuration.parse(Self.everything, path: "c.yaml")
            // All that a user can make, each optional part there once and left out once.
            var wanted = StoreContents()
            for project in file.projects {
                wanted.projects[project.name] = StoredProject(project: project)
            }
            wanted.projects["lost"] = StoredProject(
                project: Project(name: "lost", kind: .misconfigured(reason: "no \"secret\"")),
                isFileDefined: true)
            wanted.projects["plain"]?.keys = ["first", "second"].enumerated().map { index, key in
                StoredKey(
                    id: key, digest: SecretDigest(ofText: key), description: "dé'sc \(key)",
                    created: Timestamp(milliseconds: Int64(index) + 1_700_000_000_000))
            }
            for (name, projects) in [
                ("all-of-them", nil), ("some", ["plain", "all"]), ("none", []),
            ]
                as [(String, [String]?)]
            {
                wanted.tokens[name] = StoredToken(
                    name: name, digest: SecretDigest(ofText: name), projects: projects,
                    isAdministrator: name == "some", created: .max)
            }
            wanted.clusterPools["b"] = ClusterPool(name: "b", clusters: ["plain", "one"])
            for workflow in [nil, "wf"] {
                let attribute = ClusterPoolAttribute(
                    project: "pooled", domain: "d", workflow: workflow, clusterPoolName: "b")
                wanted.attributes[attribute.key] = attribute
            }
            do {
                let store = try SQLiteProjectStore(directory: folder)
                let made = wanted
                let (_, after) = try await store.change { (contents) throws(StoreRefusal) in
                    contents = made
                }
                #expect(after.revision == 1)
            }
            wanted.revision = 1
            #expect(try await SQLiteProjectStore(directory: folder).contents() == wanted)
            // An edit without an effect is none.
            let store = try SQLiteProjectStore(directory: folder)
            let (_, same) = try await store.change { (contents) throws(StoreRefusal) in
                contents.projects["plain"] = contents.projects["plain"]
            }
            #expect(same == wanted)
            // And everything can go again.
            _ = try await store.change { (contents) throws(StoreRefusal) in
                let revision = contents.revision
                contents = StoreContents()
                contents.revision = revision
            }
            var empty = StoreContents()
            empty.revision = 2
            #expect(try await SQLiteProjectStore(directory: folder).contents() == empty)
        }
    }

    @Test func anEmptyFileBecomesAStoreAndAForeignOneIsRefused() async throws {
        try await withFolder { folder in
            let path = "\(folder)/\(SQLiteProjectStore.fileName)"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: path))
            #expect(try await StoreLocation.directory(folder).present() == StoreContents())
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
            #expect(try await SQLiteProjectStore(directory: folder).contents() == StoreContents())
            // The schema is there now, and is not made a second time.
            let store = try SQLiteProjectStore(directory: folder)
            #expect(try await store.revision() == 0)

            let text = Data(String(repeating: "not a database\n", count: 100).utf8)
            try text.write(to: URL(fileURLWithPath: path))
            do throws(StoreError) {
                _ = try SQLiteProjectStore(directory: folder)
                Issue.record("accepted")
            } catch {
                #expect(error.description.contains(path))
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
        }
    }

    @Test func itsFileIsItsOwnersAlone() async throws {
        try await withFolder { folder in
            _ = try SQLiteProjectStore(directory: folder)
            for (path, mode) in [
                (folder, 0o700), ("\(folder)/\(SQLiteProjectStore.fileName)", 0o600),
            ] {
                let found = try FileManager.default.attributesOfItem(atPath: path)
                #expect(found[.posixPermissions] as? Int == mode, "\(path)")
            }
        }
    }

    @Test func lookingMakesNothing() async throws {
        try await withFolder { folder in
            let location = StoreLocation.directory(folder)
            #expect(try await location.present() == StoreContents())
            #expect(!FileManager.default.fileExists(atPath: folder))
            let store = try SQLiteProjectStore(directory: folder)
            let document = try text(#"{"prometheus":{"url":"http://a"}}"#)
            _ = try await store.change { (contents) throws(StoreRefusal) in
                _ = try contents.putProject(document, name: "made", file: Configuration())
            }
            #expect(try await location.present().regularProjects == ["made"])
        }
    }

    @Test func aRenameIsFollowedByEverythingThatRefersToTheProject() async throws {
        try await withFolder { folder in
            let file = Configuration()
            let local = try text(#"{"prometheus":{"url":"http://a"}}"#)
            let renamed = try text(#"{"name":"new","prometheus":{"url":"http://a"}}"#)
            let all = try text(#"{"memberProjects":["other","old"]}"#)
            let store = try SQLiteProjectStore(directory: folder)
            let (key, before) = try await store.change { (contents) throws(StoreRefusal) in
                for name in ["old", "other"] {
                    _ = try contents.putProject(local, name: name, file: file)
                }
                _ = try contents.putProject(all, name: "all", file: file)
                _ = try contents.addToken(
                    "t", projects: ["old", "all"], isAdministrator: false, file: file, now: 1)
                _ = try contents.put(ClusterPool(name: "p", clusters: ["old"]), file: file)
                _ = try contents.put(
                    ClusterPoolAttribute(project: "old", domain: "d", clusterPoolName: "p"),
                    file: file)
                return try contents.addKey(to: "old", description: "", file: file, now: 1)
            }
            _ = try await store.change { (contents) throws(StoreRefusal) in
                _ = try contents.putProject(renamed, name: "old", file: file)
            }
            let after = try await SQLiteProjectStore(directory: folder).contents()
            #expect(after.revision == before.revision + 1)
            #expect(after.projects.keys.sorted() == ["all", "new", "other"])
            #expect(
                after.projects["all"]?.project.kind == .multiCluster(members: ["other", "new"]))
            #expect(after.projects["new"]?.keys.map(\.id) == [key.id])
            #expect(after.tokens["t"]?.projects == ["new", "all"])
            #expect(after.clusterPools["p"]?.clusters == ["new"])
            #expect(after.attributes.values.map(\.project) == ["new"])

            // A project that others refer to stays, and the refusal lists those.
            do throws(StoreError) {
                _ = try await store.change { (contents) throws(StoreRefusal) in
                    contents.tokens = [:]
                    _ = try contents.removeProject("new", file: file)
                }
                Issue.record("deleted")
            } catch {
                #expect(
                    error
                        == .refused(
                            .conflict(
                                "project new cannot be deleted: it is used by "
                                    + "multi-cluster project all, cluster pool p")))
            }
            do throws(StoreError) {
                _ = try await store.change { (contents) throws(StoreRefusal) in
                    _ = try contents.removePool("p", file: file)
                }
                Issue.record("deleted")
            } catch {
                #expect(
                    error
                        == .refused(
                            .conflict(
                                "cluster pool p cannot be deleted: it is used by "
                                    + "the attribute of project new, domain d")))
            }
            // Nothing of a refused change is kept.
            #expect(try await store.contents() == after)
        }
    }
}
