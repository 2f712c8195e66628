import Foundation
import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `discovery` of a multi-cluster project: its settings, what sources tell, and what that makes of the
/// configuration.
@Suite struct MemberDiscoveryTests {
    private static let main = """
        projects:
          - {name: own, prometheus: {url: http://own}}
          - {name: all, discovery: {http: {url: "http://sd:8080/targets?tag=a"}}}
          - {name: wide, memberProjects: ["prod-*"]}

        """

    private func errors(
        _ work: () throws(ConfigurationErrors) -> Void
    ) -> [String] {
        do throws(ConfigurationErrors) {
            try work()
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    private func read(_ json: String) throws(ConfigurationErrors) -> [Project] {
        try FoundProjects.read(
            json: Array(json.utf8), source: "http://sd", partitionLabel: "project")
    }

    private func source(_ configuration: Configuration) throws -> DiscoverySource {
        try #require(configuration.discoverySources.first)
    }

    // MARK: Settings

    @Test func `A source is read, printed and stored`() throws {
        let yaml =
            "projects: [{name: all, memberProjects: [\"*\"], discovery: {http: "
            + "{url: \"https://sd/p?tag=a\", interval: 5s}, files: [sd/*.json, /etc/more.yaml]}}]"
        let configuration = try Configuration.parse(yaml, path: "/etc/tributary/c.yaml")
        let project = try #require(configuration.projects.first)
        let server = try #require(project.memberChoice.discovery.server)
        #expect("\(server.url)" == "https://sd/p")
        #expect(server.query == "?tag=a")
        #expect(server.interval == .seconds(5))
        #expect(
            project.memberChoice.discovery.files.map(\.description)
                == ["/etc/tributary/sd/*.json", "/etc/more.yaml"])
        #expect(
            project.memberChoice.discovery.sources.map(\.description)
                == ["https://sd/p", "/etc/tributary/sd/*.json, /etc/more.yaml"])
        let printed = try Configuration.parse(configuration.redactedYAML, path: "p.yaml")
        #expect(printed.projects == configuration.projects)
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "all", members: [])
        #expect(stored == project)
    }

    @Test(
        arguments: [
            ("http: {}", "projects[0].discovery.http.url: project a: a URL is needed"),
            ("http: {url: \"sd:80\"}", "the URL is not an absolute http or https URL"),
            ("http: {url: \"http://u:p@sd?x\"}", "the URL holds a user name or password"),
            ("http: {url: \"http://sd?x y\"}", "the URL holds a blank"),
            ("http: {url: \"http://sd\", interval: 10ms}", "is shorter than 1s"),
            ("http: {url: \"http://sd\", token: x}", "unknown key token"),
            ("files: [\"*/x.json\"]", "has a wildcard in the name of a directory"),
            ("files: x.json", "must be a list"),
        ] as [(String, String)])
    func `A source that cannot be asked is refused`(discovery: String, error: String) {
        let found = errors { () throws(ConfigurationErrors) in
            _ = try Configuration.parse(
                "projects:\n  - {name: a, memberProjects: [\"*\"], discovery: {\(discovery)}}\n",
                path: "c.yaml")
        }
        #expect(found.count == 1 && found.first?.contains(error) == true, "\(found)")
    }

    @Test func `Only a multi-cluster project finds members`() {
        let found = errors { () throws(ConfigurationErrors) in
            _ = try Configuration.parse(
                "projects: [{name: a, prometheus: {url: http://a}, "
                    + "discovery: {http: {url: http://sd}}}]", path: "c.yaml")
        }
        #expect(
            found.first?.hasSuffix(
                "prometheus and discovery exclude each other; keep one of them") == true, "\(found)"
        )
    }

    @Test func `What is sent over HTTP may name a server, and no files`() throws {
        func send(_ discovery: DocumentValue) throws -> Project {
            try ProjectDocument.read(
                .mapping(["discovery": discovery]), name: "all", among: [], old: nil,
                partitionLabel: "project")
        }
        let made = try send(.mapping(["http": .mapping(["url": .text("http://sd")])]))
        #expect(made.isMultiCluster)
        let refusal = #expect(throws: StoreRefusal.self) {
            try send(.mapping(["files": .list([.text("/etc/passwd")])]))
        }
        #expect(
            refusal?.description.contains(
                "discovery.files can only be used in the configuration file") == true)
    }

    // MARK: What sources tell

    @Test func `A target is a project, and its labels are static labels`() throws {
        let projects = try read(
            """
            [{"targets": ["eu:9090"], "labels": {"__project__": "prod-eu", "region": "eu",
              "__scheme__": "https", "__path_prefix__": "/prom", "__meta_x": "y", "empty": ""}},
             {"targets": ["[::1]:80"], "labels": {"__project__": "prod-us"}},
             {"targets": [], "labels": {}}, {"targets": [], "other": 1}]
            """)
        #expect(projects.map(\.name) == ["prod-eu", "prod-us"])
        #expect(
            projects.map { $0.source.map { "\($0.connection.url)" } }
                == ["https://eu:9090/prom", "http://[::1]:80"])
        #expect(projects.map(\.labels) == [["region": "eu"], [:]])
    }

    @Test(
        arguments: [
            ("", "http://sd: the answer is not JSON"),
            ("{}", "http://sd: must be a list of target groups, not a mapping; write "),
            (
                "[1]",
                "http://sd: [0]: must be a mapping, not a single value; its keys are targets and labels"
            ),
            ("[{}]", "http://sd: [0]: the group has no targets; list them as host:port"),
            (
                #"[{"targets":["a:1"]}]"#,
                "http://sd: [0].labels: the label __project__ is missing; give each target the name of "
                    + "its project"
            ),
            (
                #"[{"targets":["a:1","b:1"],"labels":{"__project__":"p"}}]"#,
                "http://sd: [0].labels.__project__: project p: duplicate project name: "
            ),
            (
                #"[{"targets":["a/b"],"labels":{"__project__":"p"}}]"#,
                "http://sd: [0].targets[0]: project p: \"a/b\" is no target; write it as host:port"
            ),
            (
                #"[{"targets":["u:p@a"],"labels":{"__project__":"p"}}]"#,
                "http://sd: [0].targets[0]: project p: \"u:p@a\" is no target; write it as host:port"
            ),
            (
                #"[{"targets":["a:x"],"labels":{"__project__":"p"}}]"#,
                "http://sd: [0].targets[0]: project p: the URL has a port that is not between 1 and 65535"
            ),
            (
                #"[{"targets":["a"],"labels":{"__project__":"P"}}]"#,
                "http://sd: [0].labels.__project__: project P: \"P\" is not a project name; write 1 to 63"
            ),
            (
                #"[{"targets":["a"],"labels":{"__project__":"p","project":"x"}}]"#,
                "http://sd: [0].labels.project: project p: label project is the partition label"
            ),
            (
                #"[{"targets":["a"],"labels":{"__project__":"p","x":["y"]}}]"#,
                "http://sd: [0].labels.x: label x must be a text, not a list"
            ),
            (
                #"[{"targets":["a"],"labels":{"__project__":"p","__scheme__":"ftp"}}]"#,
                "http://sd: [0].targets[0]: project p: the URL is not an absolute http or https URL"
            ),
        ] as [(String, String)])
    func `An answer with an error is refused whole, in the words of the configuration`(
        json: String, error: String
    ) {
        let found = errors { () throws(ConfigurationErrors) in _ = try read(json) }
        #expect(found.count == 1 && found.first?.hasPrefix(error) == true, "\(found)")
    }

    @Test func `An answer is bounded`() {
        let many = (0...FoundProjects.most).map {
            #"{"targets":["a"],"labels":{"__project__":"p\#($0)"}}"#
        }
        let found = errors { () throws(ConfigurationErrors) in
            _ = try read("[\(many.joined(separator: ","))]")
        }
        #expect(
            found == ["http://sd: 1001 targets are told; at most 1000 are allowed; tell fewer"])
        let deep = errors { () throws(ConfigurationErrors) in
            _ = try read(String(repeating: "[", count: 100))
        }
        #expect(deep.first?.contains("stand too deep within each other") == true, "\(deep)")
    }

    @Test func `Files are JSON or YAML, and errors name file and line`() throws {
        try withTemporaryFolder { folder in
            func write(_ text: String, _ name: String) throws {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            func read() throws(ConfigurationErrors) -> [String] {
                let pattern: FilePattern
                do throws(NameRefusal) {
                    pattern = try FilePattern("\(folder)/*", base: ".")
                } catch {
                    throw ConfigurationErrors(path: folder, errors: [])
                }
                return try FoundProjects.read(FileLook([pattern]), partitionLabel: "project")
                    .map { "\($0.name) \($0.source?.connection.url.description ?? "")" }
            }
            try write(#"[{"targets":["a:1"],"labels":{"__project__":"a"}}]"#, "a.json")
            try write(
                "- targets: [b:1]\n  labels: {__project__: b, env: \"$HOME\"}\n", "b.yaml")
            #expect(try read() == ["a http://a:1", "b http://b:1"])
            try write("- targets: [b:1]\n  labels:\n    __project__: a\n", "b.yaml")
            let duplicate = errors { () throws(ConfigurationErrors) in _ = try read() }
            #expect(
                duplicate == [
                    "\(folder)/b.yaml:3:18: [0].labels.__project__: project a: duplicate project "
                        + "name: line 1 of \(folder)/a.json has it already; give every project a "
                        + "name of its own"
                ])
            try write("", "b.yaml")
            let empty = errors { () throws(ConfigurationErrors) in _ = try read() }
            #expect(empty == ["\(folder)/b.yaml: the file is empty; write [] for no targets"])
        }
    }

    // MARK: The configuration with what was found

    private func found(
        _ json: String, in yaml: String = main, problem: String? = nil
    ) throws -> Configuration {
        var configuration = try Configuration.parse(yaml, path: "c.yaml")
        configuration.findings.bySource[try source(configuration)] = Findings.Finding(
            .projects(try read(json)), problem: problem)
        return configuration
    }

    private static let answer =
        #"[{"targets":["b:1"],"labels":{"__project__":"prod-b"}},"#
        + #"{"targets":["a:1"],"labels":{"__project__":"prod-a"}}]"#

    @Test func `What is found are members, also of whom it fits`() throws {
        let configuration = try found(Self.answer).withChosenMembers
        #expect(configuration.project(named: "all")?.members == ["prod-a", "prod-b"])
        #expect(configuration.project(named: "wide")?.members == ["prod-a", "prod-b"])
        #expect(configuration.project(named: "all")?.silentSources == [])
        #expect(
            configuration.origin(ofProject: "prod-a")
                == ProjectOrigin(name: "http://sd:8080/targets", problem: nil, count: 2))
        #expect(configuration.origin(ofProject: "own") == nil)
    }

    @Test func `A source that fails keeps its last answer`() throws {
        let configuration = try found(Self.answer, problem: "down").withChosenMembers
        let all = try #require(configuration.project(named: "all"))
        #expect(all.members == ["prod-a", "prod-b"])
        #expect(configuration.memberSources(of: all).map(\.problem) == ["down"])
    }

    @Test func `What a source that never answered would tell is missing`() throws {
        var configuration = try Configuration.parse(Self.main, path: "c.yaml")
        let silent = configuration.withChosenMembers.project(named: "all")?.silentSources
        #expect(
            silent == [
                SilentSource(
                    name: "http://sd:8080/targets", reason: "it was not asked for members so far")
            ])
        configuration.findings.bySource[try source(configuration)] = Findings.Finding(
            problem: "down")
        #expect(
            configuration.withChosenMembers.project(named: "all")?.silentSources.map(\.reason)
                == ["down"])
    }

    @Test func `A name that is taken stays what it is, and the source is told wrong`() throws {
        let configuration = try found(
            #"[{"targets":["x:1"],"labels":{"__project__":"own"}},"#
                + #"{"targets":["a:1"],"labels":{"__project__":"prod-a"}}]"#
        ).withChosenMembers
        #expect(configuration.project(named: "own")?.source?.connection.url.host == "own")
        let all = try #require(configuration.project(named: "all"))
        #expect(all.members == ["prod-a"])
        #expect(
            configuration.memberSources(of: all).first?.problem
                == "project own: the name is taken by another project; give every project a name of "
                + "its own")
    }

    @Test func `What is found cannot be changed, nor named in what is stored`() throws {
        let file = try found(Self.answer)
        var contents = StoreContents()
        let server = DocumentValue.mapping([
            "prometheus": .mapping(["url": .text("http://x")])
        ])
        let words = "project prod-a was found at http://sd:8080/targets and cannot be changed here"
        #expect(throws: StoreRefusal.readOnly(words)) {
            try contents.putProject(server, name: "prod-a", file: file)
        }
        #expect(throws: StoreRefusal.readOnly(words)) {
            try contents.removeProject("prod-a", file: file)
        }
        let refusal = #expect(throws: StoreRefusal.self) {
            try contents.putProject(
                .mapping(["memberProjects": .list([.text("prod-a")])]), name: "m", file: file)
        }
        #expect(refusal?.description.contains("unknown member prod-a") == true)
        _ = try contents.putProject(
            .mapping(["memberProjects": .list([.text("prod-*")])]), name: "m", file: file)
        #expect(
            contents.effective(file).project(named: "m")?.members == ["prod-a", "prod-b"])
    }
}
