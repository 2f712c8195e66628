import GoText
import TimeSeries

/// All in seconds.
private func every(_ step: Int64, from start: Int64, to end: Int64) -> StepGrid {
    StepGrid(
        start: Timestamp(milliseconds: start * 1000), end: Timestamp(milliseconds: end * 1000),
        step: Milliseconds(step * 1000))
}

private let minutes = every(60, from: 300, to: 900)

extension PublishedCase {
    /// At 600 s: m is 21 and 42 in a, 30 and 63 in b.
    static let promqlEngine: [PublishedCase] = [
        .init("promql-engine 158", "histogram_quantile(0.9, sum by (le) (lat_bucket))", value: 1),
        .init("promql-engine 158", "histogram_quantile(0.5, sum by (le) (rate(lat_bucket[2m])))"),
        .init("promql-engine 196", "time() - max(m)", value: 537),
        .init("promql-engine 221", "absent(nope)", value: 1),
        .init("promql-engine 221", "absent(only_b)", count: 0),
        .init("promql-engine 359", "sum(absent(nope))", value: 1),
        .init("promql-engine 246", "sum(rate(x_total[2m] offset 1m))", value: 6),
        .init("promql-engine 246", "max_over_time(m[5m] offset 2m)", count: 4),
        .init("promql-engine 343", "(1 + 2) + (1 atan2 2)", value: 3.4636476090008061),
        .init("promql-engine 345", "avg by (__name__) (m)", value: 39),
        .init("promql-engine 346", "m * on (region, pod) group_left () sum by (region, pod) (m)"),
        .init("promql-engine 472", "sum by (region) (m) * on (region) sum by (region) (m)"),
        .init("promql-engine 493", "m * ignoring (region, zone) m", count: 4),
        .init(
            "promql-engine 354",
            "max(sum(label_replace(m, \"zone\", \"hard\", \"zone\", \"(.*)\")))",
            value: 156),
        .init(
            "promql-engine 357",
            "sum by (zone) (label_replace(m, \"zone\", \"hard\", \"zone\", \"(.*)\"))", value: 156),
        .init(
            "promql-engine 438",
            "max(sum by (project) (label_replace(m, \"project\", \"z-$1\", \"project\", \"(.*)\")))",
            value: 93),
        .init("promql-engine 368", "max_over_time(sum_over_time(m[1m])[10m:1m])", count: 4),
        .init(
            "promql-engine 386", "max_over_time(avg(m)[30s:15s])", at: every(15, from: 7, to: 307)),
        .init("promql-engine 499", "max_over_time(sum(m)[10m:1m])", at: minutes),
        .init("promql-engine 454", "max(flag{pod=\"1\",project=\"b\"} * -1)", value: -0.0),
        .init("promql-engine 465", "m{pod=\"none\"} or on () vector(0)", value: 0),
        .init("promql-engine 465", "only_b or on () vector(0)", value: 7),
        .init("promql-engine 510", "sum(m @ end())", at: minutes, value: 226),
        .init("promql-engine 510", "m @ 100 - m @ 150", at: minutes, count: 4),
        .init("promql-engine 511", "scalar(only_b)", value: 7),
        .init("promql-engine 511", "sum(m) + scalar(limit)", value: 161),
        .init("promql-engine 513", "avg without (pod) (m)", count: 4),
        .init("promql-engine 513", "avg without (pod, project) (m)", count: 2),
        .init("promql-engine 669", "m or on (pod) flag"),
        .init("promql-engine 669", "m unless on (pod) flag", count: 1),
        .init("promql-engine 681", "sum by (nothing) (m{nothing=\"\"})", value: 156),
        .init(
            "promql-engine 700",
            "m{region=\"west\",project=\"a\"} / m{region=\"west\",project=\"a\"}",
            value: 1),
        .init("promql-engine 700", "sum(m{project=\"a\"})", value: 63),
        .init("promql-engine 702", "limit_ratio(0.5, m)"),
        .init("promql-engine 702", "limit_ratio(-0.5, m)"),
        .init(
            "promql-engine 702",
            "sum by (project) (label_join(m, \"project\", \"-\", \"project\", \"pod\"))", count: 4),
        .init("promql-engine 712", "sum(m)", at: every(97, from: 305, to: 900)),
    ]

    static let thanos: [PublishedCase] = [
        .init("thanos 4987", "max(m)", value: 63),
        .init("thanos 5630", "max by (project) (m)", count: 2),
        .init("thanos 6970", "max_over_time(m[5m])", count: 4),
        .init("thanos 7368", "max_over_time(m{project=~\"a|b\"}[5m])", at: minutes, count: 4),
        .init("thanos 7392", "max by (pod) (max_over_time(m[5m]))", count: 3),
        .init("thanos 5798", "m and ignoring (region) flag", count: 3),
        .init("thanos 5879", "sum by (pod) (m) / ignoring (pod) group_left () sum(m)", count: 3),
        .init("thanos 5880", "count by (region) (sum by (region, pod) (m))", count: 2),
        .init("thanos 6588", "sum without (pod) (m) / sum without (pod) (m)", count: 4),
        .init(
            "thanos 6592", "sum by (pod) (label_replace(m, \"pod\", \"x\", \"pod\", \".*\"))",
            value: 156),
        .init("thanos 2890", "sum(rate(x_total[5m]))", at: minutes, value: 6),
        .init("thanos 7623", "count(m)", value: 4),
        .init("thanos 6771", "sum by (pod) (increase(x_total[2m]))", at: minutes, count: 2),
        .init("thanos 6705", "topk(1, sum by (pod) (m))", value: 63),
        .init(
            "thanos 2912", clashing, "count by (exported_project) (m)", count: 2),
        .init("thanos 6844", clashing, "m{exported_project=\"own\"}", count: 1),
        .init("thanos 1337", clashing, "sum by (project) (m)", count: 2),
    ]

    /// One member has the partition label itself.
    private static let clashing = [
        "load 30s\n  m{project=\"own\"} 1x40\n  m{pod=\"1\"} 2x40",
        "load 30s\n  m{pod=\"1\"} 4x40",
    ]

    static let cortex: [PublishedCase] = [
        .init("cortex 7804", "sum(nope) or vector(3)", value: 3),
        .init("cortex 7547", "sum(only_b) or vector(3)", value: 7),
        .init("cortex 7806", "sum by (pod) (only_b) or vector(0)", count: 2),
        .init("cortex 5203", "absent(m)", count: 0),
        .init("cortex 5203", "absent(nope{project=\"a\"})", value: 1),
        .init("cortex 5204", "absent_over_time(nope[5m])", value: 1),
        .init("cortex 5204", "absent_over_time(only_b[5m])", count: 0),
        .init("cortex 5205", "scalar(sum(m))", value: 156),
        .init("cortex 5205", "sum(m > scalar(limit))", value: 156),
        .init(
            "cortex 5205",
            "count_values without (job) (\"value\", absent({series=\"7\", job!=\"\"}))", value: 1),
        .init("mimir 13027", "clamp_max(sum(m), scalar(limit))", value: 5),
        .init("mimir 11056", mixed, "sum(m)", count: 0),
        .init("mimir 11056", mixed, "avg by (pod) (m)", count: 1),
        .init("mimir 13484", "avg(m)", value: 39),
        .init("mimir 13247", "sum(m) + sum(m)", value: 312),
    ]

    /// Floats in one member, native histograms in another.
    private static let mixed = [
        "load 30s\n  m{pod=\"1\"} 1x40\n  m{pod=\"2\"} 1x40",
        "load 30s\n  m{pod=\"1\"} {{count:2 sum:3 buckets:[1 1]}}x40",
    ]

    static let promxy: [PublishedCase] = [
        .init("promxy 688", "max(m) * 100", value: 6300),
        .init("promxy 688", "100 * max(m) + 1", value: 6301),
        .init("promxy 688", "max(m) < 6", count: 0),
        .init("promxy 456", "sum by (region) (m and on (pod) (flag == 1))"),
        .init("promxy 456", "sum by (region) (m and on (pod, project) (flag == 1))"),
        .init("promxy 283", "sum(m) by (pod) > 50", count: 2),
        .init("promxy 282", "count(m > 25)", value: 3),
        .init("promxy 273", "avg(m) * 2", value: 78),
        .init("promxy 245", "max_over_time(sum by (pod) (rate(x_total[1m]))[10m:])", count: 2),
        .init("promxy 723", "sum(max_over_time(m[5m:1m]))", value: 156),
        .init("promxy 311", "max_over_time(m[18h])", count: 4),
        .init("promxy 707", "scalar(m) + 1", at: minutes),
        .init("promxy 705", "sum(m)", at: every(600, from: 0, to: 1200), value: 296),
        .init("promxy 787", "sum(m offset 1m)", at: every(90, from: 200, to: 1100)),
        .init("promxy 202", "sum(m) / count(m)", value: 39),
        .init("promxy 216", "m[2m]"),
        .init("promxy 403", "max_over_time(sum(m)[20m:100ms])", value: 156),
    ]

    static let trickster: [PublishedCase] = [
        .init("trickster 1107", "count(count by (pod) (m))", value: 3),
        .init("trickster 1127", "count(m) or vector(0)", value: 4),
        .init("trickster 1140", "count(nope) or vector(0)", value: 0),
        .init("trickster 1063", "sort_desc(count(m))", value: 4),
        .init("trickster 1063", "sort_desc(m)", count: 4),
        .init("trickster 1081", "scalar(count(m))", value: 4),
        .init("trickster 927", "sum(m)", at: minutes, value: 226),
        .init("trickster 928", "sum by (region) (m)", at: minutes, count: 2),
        .init("trickster 559", "sum without (project) (m)", count: 3),
        .init("trickster 1034", "topk(5, sum by (service) (x_total))", count: 2),
        .init("trickster 1068", "stddev(m)"),
        .init("trickster 1068", "stdvar by (region) (m)", count: 2),
        .init("trickster 1068", "quantile(0.5, m)", value: 36),
        .init("trickster, ratio", "sum(rate(x_total[2m])) / sum(m)", value: 6.0 / 156),
        .init("trickster, filter", "sum(m) > 100", value: 156),
        .init(
            "VictoriaMetrics 3524", "sum_over_time(sum(m)[2m:30s])",
            at: every(7, from: 300, to: 400)),
    ]

    /// What the union refuses although every member alone would answer.
    static let refused: [PublishedCase] = [
        .init("promql-engine 346", "m * on (pod) flag"),
        .init("promql-engine 702", "label_replace(m{pod=\"1\"}, \"project\", \"z\", \"\", \"\")"),
        .init("thanos 5798", "sum by (pod) (m) / on (pod) m"),
    ]
}
