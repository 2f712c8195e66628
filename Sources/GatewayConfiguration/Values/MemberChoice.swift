/// Which projects are members of a multi-cluster project beside those that it names: whatever fits,
/// now and later.
public struct MemberChoice: Sendable, Hashable {
    /// What `memberProjects` has with a `*` in it, in the order written, none twice.
    public var wildcards: [NameWildcard]
    /// `memberSelector`: the static labels that a member has, values by names; empty for no choice
    /// by labels.
    public var labels: [String: String]
    /// The sources that tell further members.
    public var discovery = MemberDiscovery()

    public init(wildcards: [NameWildcard] = [], labels: [String: String] = [:]) {
        self.wildcards = wildcards
        self.labels = labels
    }

    /// Whether nothing can fit.
    public var isEmpty: Bool { wildcards.isEmpty && labels.isEmpty && discovery.isEmpty }

    /// Whether a project is chosen, by its name or by its labels. No multi-cluster project is.
    public func fits(_ project: Project) -> Bool {
        if project.isMultiCluster { return false }
        if wildcards.contains(where: { $0.matches(project.name) }) { return true }
        return !labels.isEmpty && labels.allSatisfy { project.labels[$0.key] == $0.value }
    }
}

/// Names of projects by their parts: `prod-*` is every name that begins with `prod-`.
public struct NameWildcard: Sendable, Hashable, CustomStringConvertible {
    /// As written.
    public let description: String
    /// What stands between the stars.
    private let parts: [[UInt8]]

    /// nil for a text that is no name with at least one `*` in it.
    public init?(_ text: String) {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        let rest = text.filter { $0 != "*" }
        guard parts.count > 1, text.utf8.count <= 63, rest.isEmpty || ProjectName.isValid(rest)
        else { return nil }
        description = text
        self.parts = parts.map { Array($0) }
    }

    public func matches(_ name: String) -> Bool {
        let name = Array(name.utf8)
        guard let first = parts.first, let last = parts.last,
            name.count >= first.count + last.count, name.starts(with: first),
            name.suffix(last.count).elementsEqual(last)
        else { return false }
        // Each part at its first place leaves the most for those behind it.
        var rest = name[first.count..<(name.count - last.count)]
        for part in parts.dropFirst().dropLast() {
            guard let end = Self.end(of: part, in: rest) else { return false }
            rest = rest[end...]
        }
        return true
    }

    private static func end(of part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        guard part.count <= text.count else { return nil }
        for start in text.startIndex...(text.endIndex - part.count)
        where text[start..<(start + part.count)].elementsEqual(part) {
            return start + part.count
        }
        return nil
    }
}

extension Configuration {
    /// The configuration with the members in force of every multi-cluster project.
    public var withChosenMembers: Configuration {
        var configuration = withFoundClusters.withFoundProjects
        for (index, project) in configuration.projects.enumerated() {
            guard case .multiCluster(let named) = project.kind else { continue }
            let fitting = configuration.projects.filter { project.memberChoice.fits($0) }
            configuration.projects[index].chosenMembers =
                Set(fitting.map(\.name)).union(project.foundMembers).subtracting(named).sorted()
        }
        return configuration
    }
}
