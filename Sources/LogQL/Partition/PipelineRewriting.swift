import PromQL
import TimeSeries

/// Takes a pipeline apart for one member: what it is sent, and whether the partition label is left
/// when a line has passed.
///
/// A stage that would read or write the partition label beyond what can be decided per member is
/// refused.
struct PipelineRewriting {
    private let member: LogMember
    private let naming: LabelNaming
    /// Whether a line still has the partition label.
    private(set) var keepsLabel = true
    /// Whether some name says something else to members with own labels.
    private(set) var dependsOnOwnLabels = false
    /// Labels that a stage has made; those have the same name everywhere.
    private var made: Set<String> = []

    /// A label that no line has: `keep` needs one, and a matcher that accepts it accepts all lines.
    static let noLabel = "__none__"

    init(_ partition: PartitionLabel, _ member: LogMember) {
        self.member = member
        naming = LabelNaming(partition, of: member)
    }

    private func isPartition(_ label: String) -> Bool {
        !naming.partition.isEmpty && label.utf8.elementsEqual(naming.partition.utf8)
    }

    /// A label in the member's names. Must not be the partition label.
    mutating func memberName(of label: String) -> String {
        if made.contains(label) { return label }
        if naming.dependsOnOwnLabels(label) { dependsOnOwnLabels = true }
        return naming.memberName(of: label)
    }

    /// As `memberName(of:)`, of a label that a construct takes, which cannot be the partition label.
    mutating func memberName(
        of label: String, in construct: String
    ) throws(LogQLRefusal) -> String {
        try refuse(label, in: construct)
        return memberName(of: label)
    }

    private func refuse(_ label: String, in construct: String) throws(LogQLRefusal) {
        guard isPartition(label) else { return }
        throw LogQLRefusal(
            .badRequest,
            "\(construct): the label \"\(naming.partition)\" is the gateway's: it can be selected, "
                + "filtered, grouped, kept and dropped")
    }

    /// The stages in the member's names; nil where no line passes.
    mutating func stages(_ stages: [PipelineStage]) throws(LogQLRefusal) -> [PipelineStage]? {
        var kept: [PipelineStage] = []
        for stage in stages {
            switch stage {
            case .line, .unpack, .decolorize: kept.append(stage)
            case .json(let extractions):
                try make(extractions.map(\.name), in: "json")
                kept.append(stage)
            case .logfmt(_, let extractions):
                try make(extractions.map(\.name), in: "logfmt")
                kept.append(stage)
            case .regexp(let pattern):
                try make(Self.captures(in: pattern, behind: "?"), in: "regexp")
                kept.append(stage)
            case .pattern(let pattern):
                try make(Self.captures(in: pattern, behind: nil), in: "pattern")
                kept.append(stage)
            case .label(let filter):
                switch try condition(filter) {
                case .never: return nil
                case .always: break
                case .filter(let filter): kept.append(.label(filter))
                }
            case .lineFormat(let text):
                kept.append(.lineFormat(try template(text, in: "line_format")))
            case .labelFormat(let formats): kept.append(.labelFormat(try self.formats(formats)))
            case .drop(let labels):
                let left = others(labels)
                if chooses(labels) { keepsLabel = false }
                if !left.isEmpty { kept.append(.drop(left)) }
            case .keep(let labels):
                let left = others(labels)
                if !chooses(labels) { keepsLabel = false }
                kept.append(.keep(left.isEmpty ? [.name(Self.noLabel)] : left))
            }
        }
        return Self.separated(kept)
    }

    /// With every list of labels such that what follows it is not read as a part of its last label:
    /// `| drop a != "b"` would be.
    private static func separated(_ stages: [PipelineStage]) -> [PipelineStage] {
        zip(stages, stages.dropFirst().map(Optional.some) + [nil]).map { stage, next in
            guard case .line(let filter)? = next,
                filter.op == .containsNot || filter.op == .matchesNot
            else { return stage }
            switch stage {
            case .drop(let labels): return .drop(endingInMatcher(labels))
            case .keep(let labels): return .keep(endingInMatcher(labels))
            case .line, .json, .logfmt, .regexp, .pattern, .unpack, .label, .lineFormat,
                .labelFormat, .decolorize:
                return stage
            }
        }
    }

    private static func endingInMatcher(_ labels: [LabelSelection]) -> [LabelSelection] {
        guard case .name(let name)? = labels.last else { return labels }
        return labels.dropLast() + [.matcher(LabelMatcher(name, .regexMatch, ".*"))]
    }

    // MARK: - Labels that stages make

    private mutating func make(
        _ labels: [String], in construct: String
    ) throws(LogQLRefusal) {
        for label in labels {
            try refuse(label, in: construct)
            made.insert(label)
        }
    }

    /// Names in `<…>`, of all or of those with a mark before them.
    private static func captures(in pattern: String, behind mark: Character?) -> [String] {
        var names: [String] = []
        var isMarked = mark == nil
        var rest = pattern[...]
        while let open = rest.firstIndex(of: "<") {
            if let mark {
                let before = rest[..<open]
                isMarked = before.last == mark || before.hasSuffix("\(mark)P")
            }
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(of: ">") else { break }
            if isMarked { names.append(String(rest[..<close])) }
        }
        return names
    }

    private mutating func formats(
        _ formats: [LabelFormat]
    ) throws(LogQLRefusal) -> [LabelFormat] {
        var kept: [LabelFormat] = []
        for format in formats {
            try refuse(format.name, in: "label_format")
            let source: LabelFormat.Source =
                switch format.source {
                case .label(let label): .label(try memberName(of: label, in: "label_format"))
                case .template(let text): .template(try template(text, in: "label_format"))
                }
            kept.append(LabelFormat(format.name, source))
        }
        made.formUnion(formats.map(\.name))
        return kept
    }

    private mutating func template(
        _ text: String, in construct: String
    ) throws(LogQLRefusal) -> String {
        let template = Template(text)
        var names: [String: String] = [:]
        for part in template.parts {
            switch part {
            case .text: break
            case .label(let label): names[label] = try memberName(of: label, in: construct)
            case .allLabels:
                if naming.partition.isEmpty { break }
                throw LogQLRefusal(
                    .badRequest,
                    "\(construct): all labels at once have the label \"\(naming.partition)\", "
                        + "which is the gateway's: name the labels")
            }
        }
        return template.renamed { names[$0] ?? $0 }
    }

    // MARK: - Drop and keep

    /// Whether the partition label is among the labels.
    private func chooses(_ labels: [LabelSelection]) -> Bool {
        labels.contains { label in
            guard isPartition(label.name) else { return false }
            switch label {
            case .name: return true
            case .matcher(let matcher): return matcher.accepts(keepsLabel ? member.name : "")
            }
        }
    }

    /// All but the partition label.
    private mutating func others(_ labels: [LabelSelection]) -> [LabelSelection] {
        var kept: [LabelSelection] = []
        for label in labels where !isPartition(label.name) {
            switch label {
            case .name(let name): kept.append(.name(memberName(of: name)))
            case .matcher(let matcher):
                let name = memberName(of: matcher.name)
                kept.append(.matcher(LabelMatcher(name, matcher.op, matcher.value)))
            }
        }
        return kept
    }

    // MARK: - Conditions

    enum Condition {
        case always
        case never
        case filter(LabelFilter)
    }

    /// A condition, decided as far as it is about the partition label.
    mutating func condition(_ filter: LabelFilter) throws(LogQLRefusal) -> Condition {
        switch filter {
        case .matcher(let matcher):
            guard isPartition(matcher.name) else {
                let name = memberName(of: matcher.name)
                return .filter(.matcher(LabelMatcher(name, matcher.op, matcher.value)))
            }
            return matcher.accepts(keepsLabel ? member.name : "") ? .always : .never
        case .address(let name, let isNegated, let address):
            let name = try memberName(of: name, in: "ip")
            return .filter(.address(name: name, isNegated: isNegated, address))
        case .comparison(let name, let comparison, let quantity):
            let construct = "comparison with \(quantity.text)"
            let name = try memberName(of: name, in: construct)
            return .filter(.comparison(name: name, comparison, quantity))
        case .and(let left, let right):
            return switch (try condition(left), try condition(right)) {
            case (.never, _), (_, .never): .never
            case (.always, let other), (let other, .always): other
            case (.filter(let left), .filter(let right)): .filter(.and(left, right))
            }
        case .or(let left, let right):
            return switch (try condition(left), try condition(right)) {
            case (.always, _): .always
            case (.never, let other), (let other, .never): other
            // A comparison that fails marks the line even where the other side accepts it.
            case (.filter(let left), .always):
                left.canFail
                    ? .filter(.or(left, .matcher(LabelMatcher(Self.noLabel, .equal, ""))))
                    : .always
            case (.filter(let left), .filter(let right)): .filter(.or(left, right))
            }
        }
    }
}

extension LabelFilter {
    /// Whether a line can be marked with an error for a label that is not what it is compared with.
    fileprivate var canFail: Bool {
        switch self {
        case .matcher: false
        case .address, .comparison: true
        case .and(let left, let right), .or(let left, let right): left.canFail || right.canFail
        }
    }

    /// Whether the condition is about one of these labels.
    func names(anyOf labels: Set<String>) -> Bool {
        switch self {
        case .matcher(let matcher): labels.contains(matcher.name)
        case .address(let name, _, _), .comparison(let name, _, _): labels.contains(name)
        case .and(let left, let right), .or(let left, let right):
            left.names(anyOf: labels) || right.names(anyOf: labels)
        }
    }
}
