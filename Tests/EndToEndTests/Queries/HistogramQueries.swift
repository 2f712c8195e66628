import TestSupport

/// Queries over the native histograms of `HistogramData`.
enum HistogramQueries {
    static let written = [
        "latency", "sizes", "mixed", "-latency", "latency * 2", "2 * latency / 3",
        "sum(latency)", "avg(latency)", "sum by (job) (latency)", "sum by (project) (latency)",
        "sum without (project) (rate(latency[2m]))", "sum by (job) (increase(latency[3m]))",
        "avg by (job) (rate(latency[2m]))", "rate(latency[2m])", "delta(mixed[2m])",
        "sum(sizes)", "sum by (project) (sizes)", "sum(rate(sizes[2m]))", "avg(sizes)",
        "histogram_quantile(0.9, sum by (job) (rate(latency[2m])))",
        "histogram_quantile(0.5, latency)", "histogram_quantile(0.5, sum(sizes))",
        "histogram_fraction(0.5, 2, sum(latency))", "histogram_count(sum(latency))",
        "histogram_sum(avg by (job) (latency))", "histogram_avg(latency)",
        "histogram_stddev(sum by (job) (latency))", "histogram_stdvar(latency)",
        "count(latency)", "count by (job) (mixed)", "group(latency)", "count_values(\"v\", mixed)",
        "sum(mixed)", "max(mixed)", "min by (kind) (mixed)", "topk(2, mixed)", "avg(mixed)",
        "quantile(0.5, mixed)", "stddev(mixed)", "limitk(10, latency)",
        "latency + on (job) group_left () sum by (job) (latency)",
        "latency - on (job, project) latency", "latency == on (job, project) latency",
        "sum by (job) (latency) + sum by (job) (rate(latency[2m]))",
        "latency unless on (job) sizes", "latency and on (job) sizes", "mixed or latency",
        "sum(latency) > 1", "sum(latency) == bool sum(latency)",
        "sum_over_time(latency[2m])", "avg_over_time(sum by (job) (latency)[3m:1m])",
        "rate(sum by (job) (latency)[4m:1m])", "last_over_time(latency[1m])",
        "count_over_time(mixed[2m])", "present_over_time(sizes[2m])", "resets(latency[10m])",
        "changes(sum(latency)[5m:1m])", "absent(latency)", "scalar(sum(latency))",
        "sum by (job) (latency offset 2m)", "sum(latency @ 1700000300)",
        "label_replace(latency, \"project\", \"x-$1\", \"project\", \"(.*)\")",
        "sum by (job) (latency{project!=\"us\"}) * 0.5", "latency{project=\"ops\"}",
        "histogram_quantile(0.9, sum(latency{project=~\"eu|us\"}))", "sort(mixed)",
        "sort_desc(mixed{project=\"nobody\"})", "sort_by_label(latency, \"job\")",
    ]

    /// Over floats beside empty histograms, which are a mix wherever they meet.
    static let hollow = [
        "hollow", "sum(hollow)", "avg(hollow)", "sum by (kind) (hollow)", "count(hollow)",
        "max(hollow)", "min by (kind) (hollow)", "stddev(hollow)", "quantile(0.5, hollow)",
        "sum by (project) (hollow)", "avg by (project) (hollow)", "topk(3, hollow)",
        "sum(hollow{project=\"eu\"})", "sum(hollow{project!=\"eu\"})", "sum(hollow * 2)",
        "sum(rate(hollow[2m]))", "avg(increase(hollow[3m]))", "sum_over_time(hollow[12m])",
        "sum(sum_over_time(hollow[12m]))", "sum(delta(hollow[12m]))", "sum(irate(hollow[2m]))",
        "count(rate(hollow[2m]))", "histogram_count(sum(hollow))", "sum(hollow) + 1",
        "sum(hollow{kind=\"empty\"})", "avg(hollow{kind=\"empty\"})", "hollow + hollow",
        "sum(last_over_time(hollow[1m]))", "sum_over_time(sum(hollow)[3m:30s])",
        "sum_over_time(sum by (kind) (hollow)[12m:30s])", "sum(hollow) or vector(7)",
        "max_over_time(hollow[12m])", "max(max_over_time(hollow[12m]))", "hollow == hollow",
        "hollow + on (kind) group_left () sum by (kind) (hollow)", "absent(sum(hollow))",
        "count_values(\"v\", hollow)", "-sum(hollow)", "abs(hollow)", "sum(abs(hollow))",
    ]

    /// Aggregations across members over every metric, and what is made of them.
    static func generated(_ count: Int, seed: UInt64) -> [String] {
        var random = SeededRandom(seed: seed)
        func pick(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }
        return (0..<count).map { _ in
            let metric = pick(HistogramData.metrics)
            let inner = pick([
                metric, metric, "rate(\(metric)[2m])", "increase(\(metric)[3m])",
                "\(metric) offset 1m", "sum_over_time(\(metric)[90s])", "\(metric) * 3",
            ])
            let aggregate = pick([
                "sum(\(inner))", "sum by (job) (\(inner))", "avg(\(inner))",
                "sum without (project) (\(inner))", "avg by (job) (\(inner))",
                "sum(\(inner)) + sum(\(metric))",
                "sum by (job) (\(inner)) - avg by (job) (\(inner))",
            ])
            return pick([
                aggregate, aggregate, "histogram_quantile(0.7, \(aggregate))",
                "histogram_quantile(0.2, \(metric) + on (job) group_left () \(aggregate))",
                "histogram_fraction(0.5, 3, \(aggregate))", "histogram_stddev(\(aggregate))",
                "histogram_avg(\(aggregate))", "rate((\(aggregate))[3m:30s])",
                "sum_over_time((\(aggregate))[2m:30s])", "(\(aggregate)) * 2",
                "changes((\(aggregate))[4m:30s])", "count_values(\"v\", sum by (job) (\(metric)))",
                "last_over_time((\(aggregate))[2m:1m])",
                "\(aggregate) and on (job) \(metric)",
            ])
        }
    }
}
