/// Which projects may be members: regular ones that exist already or stand earlier in the file,
/// each once.
struct MemberRules {
    struct Listing {
        var project: String
        /// Place of the project in the file.
        var index: Int
        var node: ConfigurationNode
    }

    private let existing: Set<String>
    /// Index and line of each name as written, before anything about it was checked.
    private var written: [String: (index: Int, line: Int)] = [:]
    private var claimed: [String: Int] = [:]
    /// Names of projects that are written with members.
    private var aggregates: Set<String> = []

    init(_ elements: [ConfigurationNode], existing: Set<String>) {
        self.existing = existing
        for (index, element) in elements.enumerated() {
            guard let node = element.value(of: "name"), let name = node.scalar else { continue }
            if written[name] == nil { written[name] = (index, node.line) }
            if case .list(let members)? = element.value(of: "memberProjects")?.content,
                !members.isEmpty
            {
                aggregates.insert(name)
            }
        }
    }

    /// Takes a name; the line of its first owner when it is taken.
    mutating func claim(_ name: String, line: Int) -> Int? {
        if let first = claimed[name] { return first }
        claimed[name] = line
        return nil
    }

    func check(
        _ listings: [Listing], projects: [Project], _ report: inout ConfigurationReport
    ) {
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
            guard place.index > listing.index, !existing.contains(member) else { return nil }
            return (
                "unknown member \(member): it is defined later, in line \(place.line)",
                "move project \(member) before this one"
            )
        }
        if existing.contains(member) { return nil }
        let known = Array(written.keys).sorted() + existing.sorted()
        let nearest = NearestName.of(member, among: known.filter { $0 != listing.project })
        return ("unknown member \(member)", nearest.map { "did you mean \($0)?" })
    }
}
