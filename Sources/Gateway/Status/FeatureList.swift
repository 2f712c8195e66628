import GatewayConfiguration
import GoText
import PromQL
import PrometheusWire

/// `features`: what this server can do, by category. What it has no part in, such as scraping, has
/// no features.
struct FeatureList: Sendable {
    private let features: Set<QuerySettings.Feature>

    init(_ features: Set<QuerySettings.Feature>) { self.features = features }

    private var categories: [String: [String: Bool]] {
        let isExperimental = features.contains(.experimentalFunctions)
        var functions: [String: Bool] = [:]
        for function in Function.allCases where function != .holtWinters {
            functions[function.rawValue] = !function.signature.isExperimental || isExperimental
        }
        var operators: [String: Bool] = ["@": true]
        for one in Binary.Operator.allCases { operators[one.rawValue] = true }
        for one in LabelMatcher.Operator.allCases { operators[one.rawValue] = true }
        for one in Aggregation.Operator.allCases {
            let needsFlag = one == .limitk || one == .limitRatio
            operators[one.rawValue] = !needsFlag || isExperimental
        }
        return [
            "api": [
                "admin": false, "exclude_alerts": true, "label_values_match": true,
                "lifecycle": false, "openapi_3.1": true, "otlp_write_receiver": false,
                "query_stats": true, "query_warnings": true, "remote_write_receiver": false,
                "search": true, "time_range_labels": true, "time_range_series": true,
            ],
            "otlp_receiver": [:],
            "prometheus": [:],
            "promql": [
                "anchored": features.contains(.extendedRangeSelectors), "at_modifier": true,
                "bool": true, "by": true,
                "delayed_name_removal": features.contains(.delayedNameRemoval),
                "duration_expr": true, "fill": features.contains(.binaryFillModifiers),
                "fill_left": features.contains(.binaryFillModifiers),
                "fill_right": features.contains(.binaryFillModifiers), "group_left": true,
                "group_right": true, "ignoring": true, "negative_offset": true, "offset": true,
                "on": true, "smoothed": features.contains(.extendedRangeSelectors),
                "subqueries": true,
                "type_and_unit_labels": features.contains(.typeAndUnitLabels),
                "use_start_timestamps": features.contains(.startTimestamps), "without": true,
            ],
            "promql_functions": functions,
            "promql_operators": operators,
            "rules": [:],
            "scrape": [:],
            "service_discovery_providers": [:],
            "templating_functions": [:],
            "tsdb": [:],
            "ui": [:],
        ]
    }

    /// Keys in order. Here alone `<` and `>` stand as they are.
    var bytes: [UInt8] {
        var out = [UInt8(ascii: "{")]
        for (index, category) in categories.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            JSONText.appendLabel(category.key.utf8, to: &out)
            out.append(contentsOf: ":{".utf8)
            let sorted = category.value.sorted { ByteString($0.key) < ByteString($1.key) }
            for (index, feature) in sorted.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONText.appendLabel(feature.key.utf8, to: &out)
                out.append(contentsOf: feature.value ? ":true".utf8 : ":false".utf8)
            }
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "}"))
        return out
    }
}
