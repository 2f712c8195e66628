/// The project files of a configuration while it is read.
struct ProjectFileReading {
    /// Where relative patterns begin.
    var base = "."
    var substitution = VariableSubstitution(environment: [:])
    /// As in force; nil at the start.
    var former: ProjectFiles?
    /// Files of which the former projects stay, and why.
    private(set) var kept: [String: String] = [:]
    /// Taken once, so that every attempt reads the same.
    fileprivate(set) var look: FileLook?
    fileprivate(set) var patterns: [FilePattern] = []
    /// The blocks of projects in the files that are not kept, file by file.
    fileprivate(set) var elements: [ConfigurationNode] = []

    /// The projects of files that are kept as they were.
    var keptProjects: [(file: String, project: Project)] {
        kept.keys.sorted().flatMap { path in
            (former?.files.first { $0.path == path }?.projects ?? []).map { (path, $0) }
        }
    }

    /// Decides, after an attempt to read that failed, which files stay as they were.
    ///
    /// - Returns: false when that cannot mend the errors, which are those of the configuration file.
    mutating func keepFormer(after errors: [ConfigurationError], path: String) -> Bool {
        guard let former, let look else { return false }
        let before = kept.count
        for error in errors {
            guard let file = error.file, kept[file] == nil else { continue }
            kept[file] = ConfigurationErrors(path: file, errors: [error]).description
        }
        if kept.count > before { return true }
        guard let first = errors.first else { return false }
        let reason = ConfigurationErrors(path: path, errors: [first]).description
        for file in look.files where kept[file.path] == nil {
            guard file.content != former.seen.content(of: file.path) else { continue }
            kept[file.path] = "\(file.path) does not go with the configuration file: \(reason)"
        }
        for file in former.files where look.content(of: file.path) == nil && kept[file.path] == nil
        {
            guard patterns.contains(where: { $0.fits(file.path) }) else { continue }
            kept[file.path] = "\(file.path) is gone, but is needed: \(reason)"
        }
        return kept.count > before
    }

    /// What is in force of the files once everything is right.
    func files(_ projects: [(file: String?, project: Project)]) -> ProjectFiles {
        var files = ProjectFiles()
        files.patterns = patterns
        files.seen = look ?? FileLook()
        let paths = Set((look?.files ?? []).map(\.path)).union(kept.keys)
        files.files = paths.sorted().map { path in
            ProjectFiles.File(
                path: path, projects: projects.filter { $0.file == path }.map(\.project),
                problem: kept[path])
        }
        return files
    }
}

extension ConfigurationReader {
    /// Patterns of files; wrong ones are reported and left out.
    mutating func readFilePatterns(
        _ names: [(name: String, place: ConfigurationNode)], subject: String?
    ) -> [FilePattern] {
        guard names.count <= 64 else {
            report.error(
                at: names[64].place, subject: subject, "more than 64 patterns are given",
                mend: "write wildcards")
            return []
        }
        return names.compactMap { name, place in
            do throws(NameRefusal) {
                return try FilePattern(name, base: projectFiles.base)
            } catch {
                report.error(at: place, subject: subject, error.problem, mend: error.mend)
                return nil
            }
        }
    }

    /// Reads the blocks in the project files.
    mutating func readProjectFiles(_ section: Section<Keys.Root>) {
        projectFiles.elements = []
        let names = section.names(.projectFiles, &report) ?? []
        let patterns = readFilePatterns(names, subject: nil)
        guard patterns.count == names.count else { return }
        projectFiles.patterns = patterns
        let look = projectFiles.look ?? FileLook(patterns)
        projectFiles.look = look
        for (index, problem) in look.problems.sorted(by: { $0.key < $1.key })
        where names.indices.contains(index) {
            report.error(at: names[index].place, problem.problem, mend: problem.mend)
        }
        // What stayed as it was has its names first, so that errors are told of what changed.
        let seen = projectFiles.former?.seen
        let isSame = { (file: FileLook.File) in seen?.content(of: file.path) == file.content }
        let files = look.files.filter(isSame) + look.files.filter { !isSame($0) }
        for file in files where projectFiles.kept[file.path] == nil {
            switch file.content {
            case .problem(let problem):
                report.error(ConfigurationError(file: file.path, problem: problem))
            case .text(let text): readProjectFile(text, path: file.path)
            }
        }
    }

    private mutating func readProjectFile(_ text: String, path: String) {
        let errors = report.errors.count
        let documents = YAMLDocuments(substitution: projectFiles.substitution, file: path)
            .read(text, &report)
        guard let root = documents.first else {
            guard report.errors.count == errors else { return }
            report.error(
                ConfigurationError(
                    file: path, problem: "the file is empty", mend: "it needs projects"))
            return
        }
        if documents.count > 1 {
            report.error(
                at: documents[1], "a second document begins here", mend: "keep one document a file")
        }
        guard let section = Section<Keys.ProjectFile>(root, &report) else { return }
        guard section.isWritten(.projects) else {
            report.error(
                at: section.place(of: .projects), "there are no projects",
                mend: "list them, as in the configuration file")
            return
        }
        projectFiles.elements += section.list(.projects, &report) ?? []
    }
}
