/// Further projects, in files of their own that are looked at while the gateway runs: `projectFiles`.
public struct ProjectFiles: Sendable, Hashable {
    public struct File: Sendable, Hashable {
        public var path: String
        /// Those in force, in the order of the file.
        public var projects: [Project]
        /// Why what the file holds now is not in force; nil when it is.
        public var problem: String?
    }

    /// In the order written.
    public var patterns: [FilePattern] = []
    /// By path.
    public var files: [File] = []
    /// What they held when they were last judged.
    public var seen = FileLook()
    /// The configuration file's own text, so that project files can be read again without it.
    var configurationText = ConfigurationText(text: "")

    init() {}

    /// Where the files are, each directory once.
    public var directories: [String] { Set(patterns.map(\.directory)).sorted() }

    /// The file that a project in force comes from; nil for a project of the configuration file.
    public func file(ofProject name: String) -> File? {
        files.first { $0.projects.contains { $0.name == name } }
    }

    /// What became worse or better between two readings of the files, in words.
    ///
    /// - Returns: lines for the log, and whether each is a warning.
    public func news(since former: ProjectFiles) -> [(text: String, isWarning: Bool)] {
        let old = Dictionary(former.files.map { ($0.path, $0) }, uniquingKeysWith: { a, _ in a })
        var news: [(text: String, isWarning: Bool)] = []
        for file in files {
            let before = old[file.path]
            if let problem = file.problem, problem != before?.problem {
                news.append(
                    ("\(problem); what was in force of \(file.path) stays in force", true))
            } else if file.problem == nil, before?.projects != file.projects {
                let count = file.projects.count
                news.append(
                    (
                        "\(file.path) is in force with \(count) project\(count == 1 ? "" : "s")",
                        false
                    ))
            } else if file.problem == nil, before?.problem != nil {
                news.append(("\(file.path) holds what is in force again", false))
            }
        }
        let paths = Set(files.map(\.path))
        for path in old.keys.sorted() where !paths.contains(path) {
            news.append(("\(path) is gone, and its projects with it", false))
        }
        return news
    }
}

/// A text that may hold secrets. Configurations are equal by what their texts say, so that all texts
/// count as equal.
struct ConfigurationText: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    var text: String

    static func == (_: ConfigurationText, _: ConfigurationText) -> Bool { true }
    func hash(into _: inout Hasher) {}

    /// Nothing of the text.
    var description: String { "\(text.utf8.count) bytes" }
    var customMirror: Mirror { Mirror(self, children: ["bytes": text.utf8.count]) }
}
