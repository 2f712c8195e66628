import PrometheusWire

/// What the `data` of a member's answer must look like, as far as something is made of it. An answer
/// that looks otherwise is none: taking of it what can be taken would answer with less than there is.
///
/// Inside of `data`, a list or an object without elements may be null: Go writes it so.
indirect enum DocumentShape: Sendable {
    case text
    case number
    /// An object of texts.
    case labels
    case list(DocumentShape)
    /// An object whose values all look the same.
    case map(DocumentShape)
    /// An object that has the first keys, and may have the second; others are not looked at.
    case object([String: DocumentShape], optional: [String: DocumentShape] = [:])
    /// Null as well.
    case nullable(DocumentShape)

    func isShape(of value: JSONValue) -> Bool {
        switch (self, value) {
        case (.nullable(let shape), _): value == .null || shape.isShape(of: value)
        case (.text, .string), (.number, .number), (.labels, .labels): true
        case (.labels, .object(let pairs)):
            pairs.allSatisfy { Self.text.isShape(of: $0.value) }
        case (.list(let element), .array(let items)): items.allSatisfy(element.isShape)
        case (.map(let element), .object(let pairs)):
            pairs.allSatisfy { element.isShape(of: $0.value) }
        case (.object(let needed, let optional), .object):
            needed.allSatisfy { key, shape in value[key].map(shape.allows) ?? false }
                && optional.allSatisfy { key, shape in value[key].map(shape.allows) ?? true }
        case (.text, _), (.number, _), (.labels, _), (.list, _), (.map, _), (.object, _): false
        }
    }

    /// As `isShape`; of what can be empty, null is allowed.
    private func allows(_ value: JSONValue) -> Bool {
        if case .null = value {
            switch self {
            case .labels, .list, .map, .nullable: return true
            case .text, .number, .object: return false
            }
        }
        return isShape(of: value)
    }
}

extension DocumentShape {
    /// An object with any keys.
    static let anyObject = object([:])

    private static let alert = object(["labels": .labels], optional: ["annotations": .labels])

    private static let rule = object(
        [:],
        optional: ["labels": .labels, "annotations": .labels, "alerts": .list(alert)])

    private static let target = object(
        ["labels": .labels], optional: ["discoveredLabels": .labels, "scrapePool": .text])

    private static let manager = object(["url": .text])

    private static let counts = list(.object(["name": .text, "value": .number]))

    static let rules = object([
        "groups": .list(.object(["name": .text, "rules": .list(rule)], optional: ["file": .text]))
    ])

    static let alerts = object(["alerts": .list(alert)])

    static let targets = object(
        ["activeTargets": .list(target)],
        optional: [
            "droppedTargets": .list(.object([:], optional: ["discoveredLabels": .labels])),
            "droppedTargetCounts": .map(.number),
        ])

    static let targetsMetadata = list(.object(["target": .labels]))

    static let scrapePools = object(["scrapePools": .list(.text)])

    static let alertmanagers = object(
        ["activeAlertmanagers": .list(manager)],
        optional: ["droppedAlertmanagers": .list(manager)])

    /// Servers without exemplars answer null.
    static let exemplars = nullable(
        .list(
            .object(["seriesLabels": .labels, "exemplars": .list(.object(["labels": .labels]))])))

    static let storageStatistics = object(
        [:],
        optional: [
            "headStats": anyObject, "totalSeries": .number,
            "seriesCountByMetricName": counts, "labelValueCountByLabelName": counts,
            "memoryInBytesByLabelName": counts, "seriesCountByLabelValuePair": counts,
        ])

    static let storageBlocks = object(["blocks": .list(anyObject)])
}
