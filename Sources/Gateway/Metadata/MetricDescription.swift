import PrometheusAPI

/// What a member says about the metrics of one name.
struct MetricDescription: Sendable, Hashable, Comparable {
    var type = ""
    var unit = ""
    var help = ""

    static func < (a: MetricDescription, b: MetricDescription) -> Bool {
        for (left, right) in [(a.type, b.type), (a.unit, b.unit), (a.help, b.help)]
        where !left.utf8.elementsEqual(right.utf8) {
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        return false
    }

    /// Reads the `data` of a member's `metadata`: an object of lists. Unknown fields are
    /// passed over.
    static func families(
        _ data: [UInt8]
    ) throws(JSONCursor.Failure) -> [(name: String, descriptions: [MetricDescription])] {
        var families: [(name: String, descriptions: [MetricDescription])] = []
        var cursor = JSONCursor(data)
        try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
            var descriptions: [MetricDescription] = []
            try cursor.array { (cursor) throws(JSONCursor.Failure) in
                var description = MetricDescription()
                try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                    switch key {
                    case "type": description.type = try cursor.string()
                    case "unit": description.unit = try cursor.string()
                    case "help": description.help = try cursor.string()
                    default: try cursor.skip()
                    }
                }
                descriptions.append(description)
            }
            families.append((name, descriptions))
        }
        return families
    }
}
