import GoText
import UpstreamSettings
import YAML

/// A mapping that is being read key by key. Whatever is wrong goes into the report, with the place
/// of the value; the caller gets nil and goes on. What is wrong is not repeated: it may be a secret
/// that was put in the wrong place.
struct Section<Key: RawRepresentable<String> & Hashable> {
    let node: ConfigurationNode
    /// What the section describes (`project prod-a`), for error texts.
    var subject: String?
    private let shape: SectionShape
    /// By the keys' proper spelling.
    private var values: [String: ConfigurationNode] = [:]

    /// nil when the node is not a mapping. Unknown keys are errors unless they are `lenient`, when
    /// they are notes.
    init?(
        _ node: ConfigurationNode, subject: String? = nil, lenient: Bool = false,
        shape: SectionShape, _ report: inout ConfigurationReport
    ) {
        self.node = node
        self.subject = subject
        self.shape = shape
        let known = shape.keys.map(\.name)
        guard case .mapping(let entries) = node.content else {
            if report.errorIfUnusable(node) { return nil }
            report.error(
                at: node, subject: subject, "must be a mapping, not \(node.kindName)",
                mend: "its keys are \(Self.names(known))")
            return nil
        }
        for entry in entries {
            guard let name = known.contains(entry.key) ? entry.key : shape.aliases[entry.key]
            else {
                refuse(entry, lenient: lenient, &report)
                continue
            }
            if values[name] != nil {
                report.error(
                    at: entry.value, subject: subject, "is given twice under two spellings",
                    mend: "keep \(name)")
            }
            values[name] = entry.value
        }
    }

    /// The same section for readers of single settings.
    var settings: Section<SettingName> { Section<SettingName>(of: self) }

    private init<Other>(of section: Section<Other>) {
        node = section.node
        subject = section.subject
        shape = section.shape
        values = section.values
    }

    /// The value of a key that is present and not empty.
    subscript(key: Key) -> ConfigurationNode? {
        guard let value = values[key.rawValue] else { return nil }
        if case .null = value.content { return nil }
        return value
    }

    /// Whether the key was written at all, with a value or without.
    func isWritten(_ key: Key) -> Bool { values[key.rawValue] != nil }

    /// Where to point at for a key, also when it is missing.
    func place(of key: Key) -> ConfigurationNode {
        if let value = values[key.rawValue] { return value }
        var missing = node
        missing.keyPath = node.keyPath.isEmpty ? key.rawValue : "\(node.keyPath).\(key.rawValue)"
        return missing
    }

    private func refuse(
        _ entry: ConfigurationNode.Entry, lenient: Bool, _ report: inout ConfigurationReport
    ) {
        var place = entry.value
        place.line = entry.line
        place.column = entry.column
        if lenient || shape.ignored.contains(entry.key) {
            report.note(at: place, "is of no use to a gateway of metrics and is ignored")
            return
        }
        if let mend = shape.refused[entry.key] {
            guard entry.value.isSwitchedOn else {
                report.note(at: place, "is of no use to a gateway of metrics and is ignored")
                return
            }
            report.error(
                at: place, subject: subject,
                "the key \(entry.key) is Coroot's, and the gateway does not do what it says",
                mend: mend)
            return
        }
        if let mend = shape.unsupported[entry.key] {
            report.error(
                at: place, subject: subject, "the key \(entry.key) is not supported", mend: mend)
            return
        }
        if let mend = shape.removed[entry.key] {
            report.error(
                at: place, subject: subject, "the key \(entry.key) is gone", mend: mend)
            return
        }
        let known = shape.keys.map(\.name)
        let mend =
            NearestName.of(entry.key, among: known).map { "did you mean \($0)?" }
            ?? "known here are \(Self.names(known))"
        report.unknownKey(
            in: node, at: place, subject: subject,
            "unknown key \(YAMLNode.shown(entry.key))", mend: mend)
    }

    private static func names(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "none" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}

extension Section where Key: ConfigurationKey {
    /// A section whose keys are the cases of a type.
    init?(
        _ node: ConfigurationNode, subject: String? = nil, lenient: Bool = false,
        _ report: inout ConfigurationReport
    ) {
        self.init(node, subject: subject, lenient: lenient, shape: Key.shape, &report)
    }
}

extension Section {
    /// A single value as text; "" is a value.
    func text(_ key: Key, _ report: inout ConfigurationReport) -> String? {
        guard let value = self[key] else { return nil }
        return text(of: value, &report)
    }

    func text(of value: ConfigurationNode, _ report: inout ConfigurationReport) -> String? {
        switch value.content {
        case .scalar(let text): return text
        case .null: return nil
        case .unusable:
            _ = report.errorIfUnusable(value)
            return nil
        case .list, .mapping:
            report.error(
                at: value, subject: subject, "must be a single value, not \(value.kindName)")
            return nil
        }
    }

    func bool(_ key: Key, _ report: inout ConfigurationReport) -> Bool? {
        guard let text = text(key, &report) else { return nil }
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default:
            report.error(
                at: place(of: key), subject: subject, "is neither true nor false",
                mend: "write true or false")
            return nil
        }
    }

    func integer(
        _ key: Key, atLeast least: Int, _ report: inout ConfigurationReport
    ) -> Int? {
        guard let text = text(key, &report) else { return nil }
        guard let number = Int(text.filter { $0 != "_" }), number >= least else {
            report.error(
                at: place(of: key), subject: subject,
                "is not a whole number of at least \(least)")
            return nil
        }
        return number
    }

    func byteCount(_ key: Key, atLeast least: Int, _ report: inout ConfigurationReport) -> Int? {
        guard let text = text(key, &report) else { return nil }
        guard let bytes = ByteCountText.bytes(text), bytes >= least else {
            report.error(
                at: place(of: key), subject: subject,
                "is not a size of at least \(ByteCountText.text(least))",
                mend: "write bytes, or a number with KiB, MiB or GiB")
            return nil
        }
        return bytes
    }

    func duration(
        _ key: Key, atLeast least: Duration, _ report: inout ConfigurationReport
    ) -> Duration? {
        guard let text = text(key, &report) else { return nil }
        guard let duration = DurationText.duration(text) else {
            report.error(
                at: place(of: key), subject: subject, "is not a duration",
                mend: "write a number and a unit, as 15s, 5m or 1h30m")
            return nil
        }
        guard duration >= least else {
            report.error(
                at: place(of: key), subject: subject,
                "is shorter than \(DurationText.text(least))")
            return nil
        }
        // Beyond this a time could not be counted in nanoseconds any more.
        guard duration <= ConfigurationReader.longestDuration else {
            report.error(
                at: place(of: key), subject: subject,
                "is longer than \(DurationText.text(ConfigurationReader.longestDuration))"
            )
            return nil
        }
        return duration
    }

    func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ key: Key, of: Choice.Type, _ report: inout ConfigurationReport
    ) -> Choice? {
        guard let text = text(key, &report) else { return nil }
        return choice(text, at: place(of: key), of: Choice.self, &report)
    }

    func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ text: String, at place: ConfigurationNode, of: Choice.Type,
        _ report: inout ConfigurationReport
    ) -> Choice? {
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        let mend =
            NearestName.of(text, among: known).map { "did you mean \($0)?" }
            ?? "write \(known.joined(separator: ", "))"
        report.error(
            at: place, subject: subject,
            "is not one of \(known.joined(separator: ", "))",
            mend: mend)
        return nil
    }

    func url(_ key: Key, _ report: inout ConfigurationReport) -> ServerURL? {
        guard let value = self[key] else {
            report.error(
                at: place(of: key), subject: subject, "a URL is needed",
                mend: "write it as https://host:port")
            return nil
        }
        guard let text = text(of: value, &report) else { return nil }
        do throws(ServerURL.Problem) {
            return try ServerURL(text)
        } catch let problem {
            let mend =
                problem == .hasCredentials
                ? "write them under basicAuth" : "write it as https://host:port/prefix"
            report.error(
                at: value, subject: subject, "the URL \(problem.text)", mend: mend)
            return nil
        }
    }

    /// The elements of a list; nil when the key is absent or empty.
    func list(_ key: Key, _ report: inout ConfigurationReport) -> [ConfigurationNode]? {
        guard let value = self[key] else { return nil }
        switch value.content {
        case .list(let elements): return elements
        case .null: return nil
        case .unusable:
            _ = report.errorIfUnusable(value)
            return nil
        case .scalar, .mapping:
            report.error(
                at: value, subject: subject, "must be a list, not \(value.kindName)",
                mend: "begin each element with a dash")
            return nil
        }
    }

    /// Names in a list, with their places; elements that are not single values are reported.
    func names(
        _ key: Key, _ report: inout ConfigurationReport
    ) -> [(name: String, place: ConfigurationNode)]? {
        list(key, &report).map { elements in names(of: elements, &report) }
    }

    func names(
        of elements: [ConfigurationNode], _ report: inout ConfigurationReport
    ) -> [(name: String, place: ConfigurationNode)] {
        elements.compactMap { element in
            if case .null = element.content {
                report.error(at: element, subject: subject, "a name is needed")
                return nil
            }
            return text(of: element, &report).map { ($0, element) }
        }
    }

    /// A mapping with keys of the user's own choice.
    func freeMapping(
        _ key: Key, _ report: inout ConfigurationReport
    ) -> [ConfigurationNode.Entry]? {
        guard let value = self[key] else { return nil }
        switch value.content {
        case .mapping(let entries): return entries
        case .null: return nil
        case .unusable:
            _ = report.errorIfUnusable(value)
            return nil
        case .scalar, .list:
            report.error(
                at: value, subject: subject, "must be a mapping, not \(value.kindName)")
            return nil
        }
    }
}

extension DurationText {
    /// nil for what is no duration.
    static func duration(_ text: String) -> Duration? {
        (try? length(text))?.duration
    }

    static func text(_ duration: Duration) -> String {
        text(Milliseconds(duration))
    }
}
