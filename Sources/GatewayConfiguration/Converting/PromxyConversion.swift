import UpstreamSettings
import YAML

/// A configuration of promxy, as one of the gateway, and what is not the same in it.
public struct PromxyConversion: Sendable {
    /// The configuration, which `tributary check` accepts once its variables are set.
    public let yaml: String
    /// In the order of promxy's file.
    public let remarks: [ConversionRemark]

    public init(_ text: String) throws(ConversionRefusal) {
        let documents: [YAMLNode]
        do throws(YAMLFailure) {
            documents = try YAMLComposer.documents(of: text)
        } catch {
            throw ConversionRefusal(line: error.line, text: error.problem)
        }
        guard let root = documents.first, let groups = root["promxy"]?["server_groups"],
            case .list(let elements) = groups.content, !elements.isEmpty
        else {
            throw ConversionRefusal(
                text: "there is no promxy.server_groups, so that it is none of promxy's")
        }
        var log = PromxyRemarks()
        Self.lookBeside(root, &log)
        var read: [PromxyGroup] = []
        for (index, element) in elements.enumerated() {
            guard let group = PromxyGroup(element, at: index, &log) else { continue }
            read.append(group)
        }
        guard !read.isEmpty else {
            throw ConversionRefusal(
                line: groups.line, text: "no server group names a server that the gateway can ask")
        }
        yaml = Self.written(read, &log)
        remarks = log.remarks.sorted { $0.line < $1.line }
    }

    /// What stands beside the server groups.
    private static func lookBeside(_ root: YAMLNode, _ log: inout PromxyRemarks) {
        for pair in root.pairs where pair.key != "promxy" {
            switch pair.key {
            case "rule_files", "alerting", "remote_write":
                log.leaveOut(
                    pair.line, pair.key,
                    "the gateway evaluates no rules; leave them to the members or to a ruler")
            case "global":
                for inner in pair.value.pairs {
                    log.leaveOut(
                        inner.line, "global.\(inner.key)",
                        inner.key == "external_labels"
                            ? "labels are added for each project; write them as its labels"
                            : "it is about rules, and the gateway evaluates none")
                }
            default: log.leaveOut(pair.line, pair.key, "the gateway has nothing like it")
            }
        }
        for pair in root["promxy"]?.pairs ?? [] where pair.key != "server_groups" {
            log.leaveOut(
                pair.line, "promxy.\(pair.key)", "it is about alerts, and the gateway sends none")
        }
    }

    // MARK: Writing

    private static func written(_ groups: [PromxyGroup], _ log: inout PromxyRemarks) -> String {
        let partition = partition(of: groups)
        let names = names(of: groups, partition)
        let all = ProjectName.free("all", besides: names)
        var lines = ["# Made by tributary convert of a configuration of promxy."]
        if let partition { lines.append("partitionLabel: \(partition)") }
        lines += ["defaultProject: \(all)", "projects:"]
        for (group, name) in zip(groups, names) {
            lines.append("  - name: \(name)")
            if !group.timeRange.isEverything {
                let range = WrittenSetting.braces(TimeRangeSection.table.written(group.timeRange))
                lines += range.lines("timeRange").map { "    " + $0 }
            }
            let labels = group.staticLabels(beside: partition, &log)
            if !labels.isEmpty {
                let written = labels.map { WrittenSetting.Pair($0.name, .text($0.text)) }
                lines += WrittenSetting.braces(written).lines("labels").map { "    " + $0 }
            }
            if let selector = group.selector {
                let written = WrittenSetting.text(selector.description)
                lines += written.lines("selector").map { "    " + $0 }
            }
            if group.sources.count == 1 {
                lines += group.sources[0].lines.map { "    " + $0 }
            } else {
                lines += replicas(of: group, &log)
            }
        }
        lines.append("  - name: \(all)")
        lines.append("    memberProjects: [\(names.joined(separator: ", "))]")
        lines.append("    partialResponse: \(policy(of: groups, &log).rawValue)")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The servers of a group, of which each has all of its series.
    private static func replicas(
        of group: PromxyGroup, _ log: inout PromxyRemarks
    ) -> [String] {
        let most = ReplicaGroup.most
        log.remark(
            group.line, group.key,
            "its servers are replicas: holes of the first are filled from the next")
        if group.sources.count > most {
            log.leaveOut(
                group.line, group.key,
                "it names \(group.sources.count) servers, and \(most) are allowed; the others are not "
                    + "asked")
        }
        for merge in group.merging {
            if merge.name == "prefer_max" {
                log.leaveOut(merge.line, merge.key, "samples of one server at a time are taken")
            } else {
                log.remark(
                    merge.line, merge.key,
                    "a hole is longer than three intervals of the series, and than a minute")
            }
        }
        return ["    replicas:"]
            + group.sources.prefix(most).flatMap { source in
                WrittenSetting.lines([.init("prometheus", .lines(source.settings))]).element
                    .map { "      " + $0 }
            }
    }

    /// The label that tells every group apart by values which can be names of projects; nil where
    /// there is none, so that the gateway's own is used.
    private static func partition(of groups: [PromxyGroup]) -> String? {
        let first = groups.first?.labels.map(\.name) ?? []
        return first.filter { name in
            let values = groups.compactMap { group in
                group.labels.first { $0.name == name }?.text
            }
            return values.count == groups.count && Set(values).count == values.count
                && values.allSatisfy { ProjectName.isValid($0) }
                && !name.hasPrefix("__") && name != "le" && name != "quantile"
                && name.allSatisfy { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
        }.min()
    }

    private static func names(of groups: [PromxyGroup], _ partition: String?) -> [String] {
        var names: [String] = []
        for (index, group) in groups.enumerated() {
            let label = group.labels.first { $0.name == partition }?.text
            names.append(
                label
                    ?? ProjectName.free(
                        group.name.flatMap(ProjectName.kept) ?? "group-\(index)", besides: names))
        }
        return names
    }

    /// What a missing member does. The policy is one for all members, so that it is never milder
    /// than promxy is to one of them.
    private static func policy(
        of groups: [PromxyGroup], _ log: inout PromxyRemarks
    ) -> PartialResponse {
        let lenient = groups.filter(\.mayBeMissing)
        guard lenient.count == groups.count else {
            for group in lenient {
                log.leaveOut(
                    group.line, "\(group.key).ignore_error",
                    "partialResponse is one for all members, and other groups must answer; "
                        + "partialResponse: warn or safe would let all be missing")
            }
            return .abort
        }
        return .warn
    }
}

/// What is said of a conversion while it is made.
struct PromxyRemarks {
    private(set) var remarks: [ConversionRemark] = []
    private var variables = 0

    mutating func leaveOut(_ line: Int, _ key: String, _ reason: String) {
        remarks.append(.init(line: line, key: key, text: reason, isLoss: true))
    }

    mutating func remark(_ line: Int, _ key: String, _ text: String) {
        remarks.append(.init(line: line, key: key, text: text, isLoss: false))
    }

    /// A variable in the place of something secret, which is not written.
    mutating func variable(_ line: Int, _ key: String) -> WrittenSetting {
        variables += 1
        let name = "PROMXY_SECRET_\(variables)"
        remark(line, key, "is not written: set the variable \(name) to it")
        return .word("${\(name)}")
    }
}

extension YAMLNode {
    /// The pairs of a mapping; none of anything else.
    var pairs: [Pair] {
        guard case .mapping(let pairs) = content else { return [] }
        return pairs
    }

    /// The elements of a list; none of anything else.
    var elements: [YAMLNode] {
        guard case .list(let elements) = content else { return [] }
        return elements
    }

    var isTrue: Bool { ["true", "yes", "on"].contains(text?.lowercased()) }
}
