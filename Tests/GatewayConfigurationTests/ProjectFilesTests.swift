import Foundation
import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `projectFiles`: further projects in files of their own.
@Suite struct ProjectFilesTests {
    /// A configuration file with project files beside it.
    private struct Folder {
        let path: String
        var main: String { path + "/c.yaml" }

        func write(_ text: String, to name: String) throws {
            let url = URL(fileURLWithPath: "\(path)/\(name)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }

        func remove(_ name: String) throws {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }

        func load(
            _ former: Configuration? = nil, filesAlone: Bool = false
        ) throws(ConfigurationErrors) -> Configuration {
            try Configuration.load(
                path: main, environment: ["TOKEN": "token-of-a-variable"], former: former,
                isOfProjectFilesAlone: filesAlone)
        }

        /// What is wrong, a line an error, the folder left out.
        func errors(_ former: Configuration? = nil) -> [String] {
            do throws(ConfigurationErrors) {
                _ = try load(former)
                return []
            } catch {
                return error.description.replacing(path + "/", with: "").split(separator: "\n")
                    .map(String.init)
            }
        }

        /// Why files are not in force, by their names.
        func problems(_ configuration: Configuration) -> [String: String] {
            let pairs = configuration.projectFiles.files.compactMap { file in
                file.problem.map { problem in
                    (
                        String(file.path.dropFirst(path.count + 1)),
                        problem.replacing(path + "/", with: "")
                    )
                }
            }
            return Dictionary(uniqueKeysWithValues: pairs)
        }
    }

    private func inFolder(_ main: String, _ work: (Folder) throws -> Void) throws {
        try withTemporaryFolder { path in
            let folder = Folder(path: path)
            try folder.write(main, to: "c.yaml")
            try FileManager.default.createDirectory(
                atPath: path + "/d", withIntermediateDirectories: true)
            try work(folder)
        }
    }

    private static func projects(_ names: String...) -> String {
        "projects:\n"
            + names.map { "  - {name: \($0), prometheus: {url: http://\($0)}}\n" }.joined()
    }

    private static let main = """
        projectFiles: [d/*.yaml]
        projects:
          - {name: main, prometheus: {url: http://main}}
          - {name: all, memberProjects: ["*"]}

        """

    private func names(_ configuration: Configuration) -> [String] {
        configuration.projects.map(\.name)
    }

    @Test func `Projects of files follow those of the configuration file, file by file`() throws {
        try inFolder(Self.main) { folder in
            try folder.write(Self.projects("z", "y"), to: "d/1.yaml")
            try folder.write(Self.projects("a"), to: "d/2.yaml")
            for other in ["d/.3.yaml", "d/4.yml", "d/5.yaml~", "d/inner/6.yaml", "7.yaml"] {
                try folder.write(Self.projects("other"), to: other)
            }
            let read = try folder.load()
            #expect(names(read) == ["main", "all", "z", "y", "a"])
            let all = read.withChosenMembers.project(named: "all")
            #expect(all?.members == ["a", "main", "y", "z"])
            #expect(read.projectFiles.file(ofProject: "y")?.path == folder.path + "/d/1.yaml")
            #expect(read.projectFiles.file(ofProject: "main") == nil)
            #expect(
                read.redactedYAML.contains(
                    "# projectFiles: [\"\(folder.path)/d/*.yaml\"], whose projects are among these\n"
                ))
        }
    }

    @Test func `The configuration file and project files may name each other's projects`() throws {
        let main = """
            projectFiles: [one.yaml, two.yaml]
            defaultProject: both
            projects:
              - {name: both, memberProjects: [one, two]}
              - {name: own, prometheus: {url: http://own}}
            clusterPools: {default: [one]}
            auth: {tokens: [{name: t, token: 12345678, projects: [two]}]}
            """
        try inFolder(main) { folder in
            try folder.write(
                Self.projects("one") + "  - {name: mixed, memberProjects: [two, own]}\n",
                to: "one.yaml")
            try folder.write(Self.projects("two"), to: "two.yaml")
            #expect(names(try folder.load()) == ["both", "own", "one", "mixed", "two"])
        }
    }

    @Test func `Variables are put in, as in the configuration file`() throws {
        try inFolder(Self.main) { folder in
            try folder.write(
                "projects: [{name: a, prometheus: {url: http://a, bearerToken: \"${TOKEN}\"}}]",
                to: "d/a.yaml")
            let read = try folder.load()
            #expect(
                read.project(named: "a")?.source?.connection.secrets.map(\.exposed)
                    == ["token-of-a-variable"])
            #expect(!String(reflecting: read.projectFiles).contains("token-of-a-variable"))
        }
    }

    @Test(
        arguments: [
            (
                "projects: [{name: a, prometheus: {url: http://a}, colour: red}]",
                "d/x.yaml:1:51: projects[0].colour: project a: unknown key colour; known here are name, "
            ),
            (
                "projects:\n  - {name: main, prometheus: {url: http://b}}",
                "d/x.yaml:2:12: projects[0].name: project main: duplicate project name: line 3 of the configuration file has it already; give every project a name of its own"
            ),
            (
                "projects: [{prometheus: {url: http://a}}]",
                "d/x.yaml:1:12: projects[0].name: project #0: name is required"
            ),
            ("", "d/x.yaml: the file is empty; it needs projects"),
            ("projects:\n  - {name", "d/x.yaml:3:"),
            ("- {name: a}", "d/x.yaml:1:1: must be a mapping, not a list; its keys are projects"),
            (
                "defaultProject: a\nprojects: []",
                "d/x.yaml:1:1: defaultProject: unknown key defaultProject; known here are projects"
            ),
            (
                "{}",
                "d/x.yaml:1:1: projects: there are no projects; list them, as in the configuration file"
            ),
            (
                "projects: []\n---\nprojects: []",
                "d/x.yaml:3:1: a second document begins here; keep one document a file"
            ),
            (
                "projects: [{name: a, prometheus: {url: \"${NOPE}\"}}]",
                "d/x.yaml:1:40: projects[0].prometheus.url: environment variable NOPE is not set; set it, or write $$ for a literal $"
            ),
            (
                "projects: [{name: a, memberProjects: [mian]}]",
                "d/x.yaml:1:39: projects[0].memberProjects[0]: project a: unknown member mian; did you mean main?"
            ),
        ] as [(String, String)])
    func `A bad file stops the start, with its name, the place and the mend`(
        text: String, error: String
    ) throws {
        try inFolder(Self.main) { folder in
            try folder.write(text, to: "d/x.yaml")
            try folder.write(Self.projects("other"), to: "d/other.yaml")
            #expect(folder.errors().count == 1, "\(folder.errors())")
            #expect(folder.errors().first?.hasPrefix(error) == true, "\(folder.errors())")
        }
    }

    @Test(
        arguments: [
            ("[e/*.yaml]", "there is no directory e; make it, or correct the path"),
            ("[one.yaml]", "one.yaml: there is no such file"),
            ("[\"*/a.yaml\"]", "\"*/a.yaml\" has a wildcard in the name of a directory"),
            ("[d/]", "\"d/\" names no files; write a path, as projects.d/*.yaml"),
            ("d/*.yaml", "must be a list, not a single value; begin each element with a dash"),
        ] as [(String, String)])
    func `Patterns that lead nowhere are told`(patterns: String, error: String) throws {
        try inFolder("projectFiles: \(patterns)\n" + Self.projects("main")) { folder in
            #expect(folder.errors().count == 1, "\(folder.errors())")
            #expect(folder.errors().first?.contains(error) == true, "\(folder.errors())")
        }
    }

    @Test func `A file that becomes bad stays as it was, and the rest goes on`() throws {
        try inFolder(Self.main) { folder in
            try folder.write(Self.projects("a"), to: "d/a.yaml")
            try folder.write(Self.projects("b"), to: "d/b.yaml")
            let first = try folder.load()

            try folder.write(Self.projects("a2") + "  - {name: broken", to: "d/a.yaml")
            try folder.write(Self.projects("b2"), to: "d/b.yaml")
            try folder.write("nonsense: 1", to: "d/new.yaml")
            let second = try folder.load(first)
            #expect(names(second) == ["main", "all", "a", "b2"])
            let problems = folder.problems(second)
            #expect(problems.keys.sorted() == ["d/a.yaml", "d/new.yaml"])
            #expect(problems["d/a.yaml"]?.hasPrefix("d/a.yaml:") == true, "\(problems)")
            let news = second.projectFiles.news(since: first.projectFiles)
            #expect(news.map(\.isWarning) == [true, false, true])
            #expect(
                news.first?.text.hasSuffix(
                    "; what was in force of \(folder.path)/d/a.yaml stays in force") == true)

            // As long as it is bad it stays, whatever else happens.
            try folder.write(Self.projects("b3"), to: "d/b.yaml")
            try folder.remove("d/new.yaml")
            let third = try folder.load(second)
            #expect(names(third) == ["main", "all", "a", "b3"])
            #expect(folder.problems(third).keys.sorted() == ["d/a.yaml"])

            try folder.write(Self.projects("a2", "a3"), to: "d/a.yaml")
            let fourth = try folder.load(third)
            #expect(names(fourth) == ["main", "all", "a2", "a3", "b3"])
            #expect(folder.problems(fourth).isEmpty)
        }
    }

    @Test func `A file that takes a name of another one is the one that is wrong`() throws {
        try inFolder(Self.main) { folder in
            try folder.write(Self.projects("a"), to: "d/a.yaml")
            try folder.write(Self.projects("b"), to: "d/b.yaml")
            let first = try folder.load()
            try folder.write(Self.projects("a", "b"), to: "d/a.yaml")
            let second = try folder.load(first)
            #expect(names(second) == ["main", "all", "a", "b"])
            #expect(
                folder.problems(second) == [
                    "d/a.yaml": "d/a.yaml:3:12: projects[1].name: project b: duplicate project "
                        + "name: line 2 of d/b.yaml has it already; give every project a name of "
                        + "its own"
                ])
        }
    }

    @Test func `A file that goes takes its projects away, unless they are needed by name`() throws {
        let main = Self.main + "  - {name: some, memberProjects: [kept]}\n"
        try inFolder(main) { folder in
            try folder.write(Self.projects("kept"), to: "d/kept.yaml")
            try folder.write(Self.projects("gone"), to: "d/gone.yaml")
            let first = try folder.load()
            try folder.remove("d/gone.yaml")
            let second = try folder.load(first)
            #expect(names(second) == ["main", "all", "some", "kept"])
            try folder.remove("d/kept.yaml")
            let third = try folder.load(second)
            #expect(names(third) == ["main", "all", "some", "kept"])
            #expect(
                folder.problems(third)["d/kept.yaml"]?.hasPrefix(
                    "d/kept.yaml is gone, but is needed: c.yaml:5:35: projects[2].memberProjects[0]: "
                        + "project some: unknown member kept") == true, "\(folder.problems(third))")
            // The configuration file may let go of both.
            try folder.write(Self.projects("main"), to: "c.yaml")
            #expect(names(try folder.load(third)) == ["main"])
        }
    }

    @Test func `The configuration file is read again only when that is asked for`() throws {
        try inFolder(Self.main) { folder in
            try folder.write(Self.projects("a"), to: "d/a.yaml")
            let first = try folder.load()
            try folder.write("half of an ed", to: "c.yaml")
            try folder.write(Self.projects("b"), to: "d/a.yaml")
            #expect(names(try folder.load(first, filesAlone: true)) == ["main", "all", "b"])
            #expect(!folder.errors(first).isEmpty)
        }
    }

    @Test func `A configuration file that goes with no file of before is refused`() throws {
        try inFolder(Self.main) { folder in
            try folder.write(Self.projects("a"), to: "d/a.yaml")
            let first = try folder.load()
            try folder.write(
                Self.main + "  - {name: a, prometheus: {url: http://own}}\n", to: "c.yaml")
            let errors = folder.errors(first)
            #expect(
                errors == [
                    "c.yaml:5:12: projects[2].name: project a: duplicate project name: d/a.yaml has "
                        + "it already; give every project a name of its own"
                ])
        }
    }

    @Test func `What is too large is refused before it is read`() throws {
        try inFolder(Self.main) { folder in
            try folder.write(String(repeating: "#", count: 1 << 20 + 1), to: "d/a.yaml")
            #expect(folder.errors() == ["d/a.yaml: the file is longer than 1048576 bytes"])
            let many = (0...64).map { "f\($0).yaml" }.joined(separator: ", ")
            try folder.write("projectFiles: [\(many)]\n" + Self.projects("main"), to: "c.yaml")
            #expect(
                folder.errors().first?.hasSuffix(
                    "projectFiles[64]: more than 64 patterns are given; write wildcards") == true)
        }
    }

    @Test func `Files of a pattern are seen as they are`() throws {
        try inFolder(Self.main) { folder in
            try folder.write(Self.projects("a"), to: "d/a.yaml")
            let read = try folder.load()
            let patterns = read.projectFiles.patterns
            #expect(FileLook(patterns) == read.projectFiles.seen)
            try folder.write(Self.projects("b"), to: "d/a.yaml")
            #expect(FileLook(patterns) != read.projectFiles.seen)
            #expect(read.projectFiles.directories == [folder.path + "/d"])
        }
    }
}
