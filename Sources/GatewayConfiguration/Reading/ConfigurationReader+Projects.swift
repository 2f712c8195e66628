import UpstreamSettings

extension ConfigurationReader {
    /// The projects of the configuration file, then those of project files, file by file.
    mutating func readProjects(
        _ section: Section<Keys.Root>
    ) -> [(file: String?, project: Project)] {
        let elements = section.list(.projects, &report) ?? []
        if elements.isEmpty {
            // Where there is a store, projects may all be made through the API.
            let others: [Keys.Root] = [.projects, .dataDirectory, .postgres, .projectFiles]
            if others.allSatisfy({ section[$0] == nil }) {
                report.consequence(
                    at: section.place(of: .projects), "there are no projects",
                    mend: "list at least one, with a name and a prometheus url")
            }
        }
        let read = readProjects(elements + projectFiles.elements, beside: projectFiles.keptProjects)
        // A kept file stands where it stood.
        let files = read.filter { $0.file != nil }.enumerated().sorted { a, b in
            (a.element.file ?? "", a.offset) < (b.element.file ?? "", b.offset)
        }
        return read.filter { $0.file == nil } + files.map(\.element)
    }

    mutating func readProjects(_ elements: [ConfigurationNode]) -> [Project] {
        readProjects(elements, beside: []).map(\.project)
    }

    /// - Parameter kept: Projects of files that stay as they were; they have their names first.
    private mutating func readProjects(
        _ elements: [ConfigurationNode], beside kept: [(file: String, project: Project)]
    ) -> [(file: String?, project: Project)] {
        var projects: [(file: String?, project: Project)] = kept.map { ($0.file, $0.project) }
        var members: [MemberRules.Listing] = []
        var keyOwners: [String: String] = [:]
        var rules = MemberRules(elements, existing: existingProjects)
        for (file, project) in kept {
            rules.add(project, of: file)
            for key in project.apiKeys { keyOwners[key.key.exposed] = project.name }
        }
        var numbers: [String?: Int] = [:]
        for (index, element) in elements.enumerated() {
            let number = numbers[element.file, default: 0]
            numbers[element.file] = number + 1
            let nameText = element.value(of: "name")?.scalar
            let subject = nameText.map { "project \($0)" } ?? "project #\(number)"
            guard
                let section = Section<Keys.Project>(
                    element, subject: subject, lenient: isLenient, &report)
            else { continue }
            let name = readName(section, taken: &rules)
            guard let project = readProject(section, name: name ?? "", subject: subject) else {
                continue
            }
            for key in project.apiKeys {
                if let owner = keyOwners[key.key.exposed] {
                    report.error(
                        at: section.place(of: .apiKeys), subject: subject,
                        "duplicate key: project \(owner) has the same one",
                        mend: "give every project keys of its own")
                }
                keyOwners[key.key.exposed] = project.name
            }
            if case .multiCluster = project.kind, let list = section[.memberProjects] {
                members.append(MemberRules.Listing(project: name ?? "", index: index, node: list))
            }
            if name != nil { projects.append((element.file, project)) }
        }
        rules.check(members, &report)
        return projects
    }

    private mutating func readName(
        _ section: Section<Keys.Project>, taken rules: inout MemberRules
    ) -> String? {
        guard let name = section.text(.name, &report), !name.isEmpty else {
            if case .unusable = section[.name]?.content { return nil }
            report.error(
                at: section.place(of: .name), subject: section.subject, "name is required")
            return nil
        }
        guard ProjectName.isValid(name) else {
            report.error(
                at: section.place(of: .name), subject: section.subject,
                "\"\(name)\" is not a project name",
                mend: "write 1 to 63 of a-z, 0-9, - and _")
            return nil
        }
        let place = section.place(of: .name)
        if let first = rules.claim(name, at: place) {
            report.error(
                at: place, subject: section.subject,
                "duplicate project name: \(first) has it already",
                mend: "give every project a name of its own")
            return nil
        }
        return name
    }

    private mutating func readProject(
        _ section: Section<Keys.Project>, name: String, subject: String
    ) -> Project? {
        let written = section.list(.apiKeys, &report) ?? []
        let keys = readAPIKeys(written, subject: subject)
        let members = readMembers(section)
        var project = Project(name: name, kind: .multiCluster(members: []), apiKeys: keys)
        _ = Keys.Project.settings.read(section.settings, into: &project, &self)
        project.memberChoice.wildcards = members.wildcards
        let selector = readSelector(section.settings)
        let source = readSource(
            section, members: members.names, choice: project.memberChoice, keys: keys,
            // Also those whose secret is still to be made.
            hasKeys: !written.isEmpty)
        guard let source else { return nil }
        project.kind = source
        addTelemetry(to: &project, section)
        checkTimeRange(of: project, section)
        if project.isMultiCluster, !project.labels.isEmpty {
            report.error(
                at: section.settings["labels"] ?? section.node, subject: subject,
                "a multi-cluster project has no labels of its own",
                mend: "write them at its members")
        }
        project.selector = selector
        switch source {
        case .prometheus, .replicas, .misconfigured: break
        case .remoteCoroot, .clusterPool, .telemetryOnly, .multiCluster:
            guard selector != nil else { break }
            report.error(
                at: section.settings.place(of: "selector"), subject: subject,
                "only a project with a Prometheus has a selector", mend: "remove it")
        }
        return project
    }

    private mutating func checkTimeRange(of project: Project, _ section: Section<Keys.Project>) {
        guard let node = section.settings["timeRange"] else { return }
        if project.isMultiCluster {
            report.error(
                at: node, subject: section.subject,
                "a multi-cluster project has no timeRange of its own",
                mend: "write it at its members")
        } else if let (problem, mend) = TimeRangeSection.problem(with: project.timeRange) {
            report.error(at: node, subject: section.subject, problem, mend: mend)
        }
    }

    private mutating func readSelector(_ section: Section<SettingName>) -> ProjectSelector? {
        let keepsLabel = section.bool("keepLabel", &report) ?? true
        guard let text = section.text("selector", &report) else {
            if !keepsLabel, section["selector"] == nil {
                report.error(
                    at: section.place(of: "keepLabel"), subject: section.subject,
                    "keepLabel: false needs a selector, whose label it takes off",
                    mend: "write a selector such as '{cluster=\"eu\"}', or remove keepLabel")
            }
            return nil
        }
        let selector: ProjectSelector
        do throws(ProjectSelector.Refusal) {
            selector = try ProjectSelector(text)
        } catch {
            report.error(
                at: section.place(of: "selector"), subject: section.subject, error.problem,
                mend: error.mend)
            return nil
        }
        if keepsLabel { return selector }
        do throws(ProjectSelector.Refusal) {
            return try selector.hidingLabel()
        } catch {
            report.error(
                at: section.place(of: "keepLabel"), subject: section.subject, error.problem,
                mend: error.mend)
            return nil
        }
    }

    /// Names of members, and wildcards for others. Whether there are such projects is judged when all
    /// are known.
    private mutating func readMembers(
        _ section: Section<Keys.Project>
    ) -> (names: [String], wildcards: [NameWildcard]) {
        var names: [String] = []
        var wildcards: [NameWildcard] = []
        for (text, place) in section.names(.memberProjects, &report) ?? [] {
            guard text.utf8.contains(UInt8(ascii: "*")) else {
                names.append(text)
                continue
            }
            guard let wildcard = NameWildcard(text) else {
                report.error(
                    at: place, subject: section.subject,
                    "\"\(text)\" fits no name of a project",
                    mend: "write a-z, 0-9, - and _, and * for any of them, at most 63 characters")
                continue
            }
            // That it stands twice is reported as of names.
            if !wildcards.contains(wildcard) { wildcards.append(wildcard) }
        }
        return (names, wildcards)
    }

    /// Exactly one source; everything else is reported.
    private mutating func readSource(
        _ section: Section<Keys.Project>, members: [String], choice: MemberChoice, keys: [APIKey],
        hasKeys: Bool
    ) -> Project.Kind? {
        let sources: [Keys.Project] = [.prometheus, .replicas, .remoteCoroot, .clusterPool]
        var given = sources.filter { section[$0] != nil }.map(\.rawValue)
        if section[.replicas] == nil { refuseReplicaKeys(section) }
        let isOverMembers = !members.isEmpty || !choice.isEmpty
        if isOverMembers {
            let isNamed = !members.isEmpty || !choice.wildcards.isEmpty
            given.append(
                isNamed
                    ? Keys.Project.memberProjects.rawValue
                    : choice.labels.isEmpty ? "discovery" : "memberSelector")
        }
        if isLenient {
            // The rule of the custom resource's own schema, in its words.
            let exclusive =
                (isOverMembers ? 1 : 0) + (section[.remoteCoroot] == nil ? 0 : 1)
                + (hasKeys ? 1 : 0)
            if exclusive != 1 {
                report.error(
                    at: section.node, subject: section.subject,
                    "exactly one of memberProjects (non-empty), remoteCoroot, apiKeys (non-empty) must be set"
                )
                return nil
            }
        }
        if given.count > 1 {
            report.error(
                at: section.node, subject: section.subject,
                "\(given.joined(separator: " and ")) exclude each other",
                mend: "keep one of them")
        } else if isOverMembers, hasKeys {
            report.error(
                at: section.place(of: .apiKeys), subject: section.subject,
                "a multi-cluster project has no api keys",
                mend: "use the keys of its members, or auth.tokens")
        }
        var kinds: [Project.Kind?] = []
        if let node = section[.prometheus] {
            kinds.append(readPrometheus(node, subject: section.subject).map { .prometheus($0) })
        }
        if section[.replicas] != nil {
            kinds.append(readReplicas(section).map { .replicas($0) })
        }
        if let node = section[.remoteCoroot] {
            kinds.append(readRemoteCoroot(node, subject: section.subject))
        }
        if let text = section.text(.clusterPool, &report) {
            kinds.append(.clusterPool(text == "attributes" ? .attributes : .pool(text)))
        }
        if isOverMembers { kinds.append(.multiCluster(members: members)) }
        if let first = kinds.first { return first }
        return given.isEmpty ? readSharedSource(section, keys, hasKeys: hasKeys) : nil
    }

    private mutating func readSharedSource(
        _ section: Section<Keys.Project>, _ keys: [APIKey], hasKeys: Bool
    ) -> Project.Kind? {
        if let sharedSource { return sharedSource.kind(ofProjectWith: keys) }
        if namesTelemetry(section) { return .telemetryOnly }
        let problem =
            hasKeys
            ? "api keys are defined, but no data source"
            : "no data source and no api keys are defined"
        report.error(
            at: section.node, subject: section.subject, problem,
            mend: "write prometheus: {url: ...}, replicas, remoteCoroot, clusterPool or "
                + "memberProjects, or loki, tempo or pyroscope, "
                + "or globalPrometheus for the whole file")
        return nil
    }
}

/// Which projects may be members: regular ones that exist already or stand earlier in the file,
/// each once.
struct MemberRules {
    struct Listing {
        var project: String
        /// Place of the project in the file.
        var index: Int
        var node: ConfigurationNode
    }

    private struct Owner {
        var file: String?
        /// nil for a project that was read before.
        var line: Int?

        /// - Parameter other: The file that the name is written in too.
        func description(in other: String?) -> String {
            let place = line.map { "line \($0)" }
            if file == other { return place ?? "another project" }
            let name = file ?? "the configuration file"
            return place.map { "\($0) of \(name)" } ?? name
        }
    }

    private var existing: Set<String>
    /// Place of each name as written, before anything about it was checked.
    private var written: [String: (index: Int, node: ConfigurationNode)] = [:]
    private var claimed: [String: Owner] = [:]
    /// Names of projects that are written with members.
    private var aggregates: Set<String> = []

    init(_ elements: [ConfigurationNode], existing: Set<String>) {
        self.existing = existing
        for (index, element) in elements.enumerated() {
            guard let node = element.value(of: "name"), let name = node.scalar else { continue }
            if written[name] == nil { written[name] = (index, node) }
            let choices = ["memberProjects", "memberSelector", "discovery"]
            if choices.contains(where: { element.value(of: $0)?.isSwitchedOn == true }) {
                aggregates.insert(name)
            }
        }
    }

    /// Takes a project that was read before.
    mutating func add(_ project: Project, of file: String) {
        claimed[project.name] = Owner(file: file)
        if project.isMultiCluster {
            aggregates.insert(project.name)
        } else {
            existing.insert(project.name)
        }
    }

    /// Takes a name; in words where its first owner is when it is taken.
    mutating func claim(_ name: String, at place: ConfigurationNode) -> String? {
        if let first = claimed[name] { return first.description(in: place.file) }
        // What a server tells has no lines.
        claimed[name] = Owner(file: place.file, line: place.line > 0 ? place.line : nil)
        return nil
    }

    func check(_ listings: [Listing], _ report: inout ConfigurationReport) {
        for listing in listings {
            guard case .list(let elements) = listing.node.content else { continue }
            var seen: Set<String> = []
            for element in elements {
                guard let member = element.scalar else { continue }
                let subject = "project \(listing.project)"
                if !seen.insert(member).inserted {
                    report.error(
                        at: element, subject: subject, "duplicate member \(member)",
                        mend: "list every member once")
                    continue
                }
                if member.utf8.contains(UInt8(ascii: "*")) { continue }
                guard let (problem, mend) = problem(with: member, in: listing) else { continue }
                report.error(at: element, subject: subject, problem, mend: mend)
            }
        }
    }

    private func problem(
        with member: String, in listing: Listing
    ) -> (problem: String, mend: String?)? {
        if member == listing.project {
            return ("a multi-cluster project cannot include itself", "remove \(member)")
        }
        if aggregates.contains(member) {
            return (
                "member \(member) is itself a multi-cluster project",
                "list the members of \(member) instead"
            )
        }
        if let place = written[member] {
            // Files have no order among each other.
            guard place.index > listing.index, place.node.file == listing.node.file,
                !existing.contains(member)
            else { return nil }
            return (
                "unknown member \(member): it is defined later, in line \(place.node.line)",
                "move project \(member) before this one"
            )
        }
        if existing.contains(member) { return nil }
        let known = Array(written.keys).sorted() + existing.sorted()
        let nearest = NearestName.of(member, among: known.filter { $0 != listing.project })
        return ("unknown member \(member)", nearest.map { "did you mean \($0)?" })
    }
}

/// Finds the name that was probably meant.
enum NearestName {
    /// The known name that takes the fewest edits to reach, if those are few for its length.
    static func of(_ name: String, among known: [String]) -> String? {
        let written = folded(name)
        var best: (name: String, distance: Int)?
        for candidate in known {
            let folded = folded(candidate)
            // Their distance is at least that of their lengths.
            guard abs(written.count - folded.count) <= max(1, candidate.utf8.count / 3) else {
                continue
            }
            let distance = distance(written, folded)
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, best.name.utf8.count / 3) else { return nil }
        return best.name
    }

    /// `apiKey`, `api_key` and `api-key` are one name written three ways.
    private static func folded(_ name: String) -> [UInt8] {
        name.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// Insertions, deletions, replacements and swaps of neighbours.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                var least = min(replaced, last[j] + 1, row[j - 1] + 1)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    least = min(least, beforeLast[j - 2] + 1)
                }
                row.append(least)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
