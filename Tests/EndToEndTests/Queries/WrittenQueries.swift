import GoText

/// Queries chosen by hand: every construct once by name, and those that other gateways are known
/// to have answered wrongly.
enum WrittenQueries {
    /// One per way in which a plan is made.
    static let plans = [
        "requests_total", "temperature{job=\"api\"}", "{project=\"a\"}", "trap", "escaped",
        "memory{exported_project=\"own\"}", "memory{exported_project=\"\"}",
        "memory{exported_exported_project=\"deep\"}", "count by (exported_project) (memory)",
        "sum by (project) (rate(requests_total[5m]))",
        "sum(rate(requests_total[5m])) / sum(rate(requests_total{code=\"200\"}[5m]))",
        "sum by (project) (temperature) / sum by (project) (memory)",
        "temperature{project=\"a\"} / on (instance, job) temperature{project=\"c_us\"}",
        "temperature / on (instance, job, project) up", "max(temperature) < 60",
        "max(temperature) > 6", "quantile(0.9, temperature)",
        "quantile by (project) (0.9, temperature)", "sum(absent(nope))",
        "topk(3, sum by (job) (temperature))", "topk by (project) (2, temperature)",
        "bottomk(4, memory)", "max_over_time(sum(temperature)[10m:1m])",
        "sum(max_over_time(temperature[10m:1m]))",
        "temperature > scalar(team_limit{project=\"a\",job=\"api\"})",
        "memory{project=\"a\",zone!=\"\"} * on (job, instance) group_left () up{project=\"c_us\"}",
        "label_replace(temperature, \"p2\", \"$1\", \"project\", \"(.*)\")",
        "avg without (project) (temperature)", "avg(temperature)", "avg by (job) (odd_gauge)",
        "sum(odd_gauge)", "max(odd_gauge)", "min by (project) (odd_gauge)", "group(up)",
        "count(up == 1)", "1 + 1", "time()", "vector(1)", "vector(time()) > 5", "pi() * 2",
        "temperature offset 5m", "temperature offset -1m", "temperature @ 1700000900",
        "sum(temperature @ start())", "rate(requests_total[5m] @ end())",
        "temperature - temperature offset 1m", "sum(temperature) - sum(temperature offset 1m)",
        "stddev(temperature)", "stdvar by (job) (temperature)", "stddev by (project) (memory)",
        "count_values(\"v\", up)", "count_values by (project) (\"v\", build_info)",
        "count_values(\"project\", up)", "sort(temperature)", "sort_desc(sum by (job) (memory))",
        "label_replace(temperature, \"project\", \"x-$1\", \"project\", \"(.*)\")",
        "label_join(up, \"project\", \"/\", \"project\", \"job\")",
        "sum by (x) (label_replace(up, \"x\", \"$1\", \"project\", \"(.).*\"))",
        "histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m])))",
        "histogram_quantile(0.5, latency_bucket)",
        "histogram_quantile(0.99, sum by (le, project) (latency_bucket))",
        "changes(requests_total[10m])", "resets(requests_total[20m])",
        "deriv(temperature[5m])", "predict_linear(temperature[5m], 600)",
        "timestamp(temperature)", "timestamp(max by (job) (temperature))", "hour()", "minute(up)",
        "-temperature", "-(sum(temperature))", "2 ^ up", "temperature % 7", "abs(-memory)",
        "clamp(temperature, 10, 40)", "clamp_max(sum by (job) (temperature), 100)",
        "round(temperature, 0.5)", "sgn(temperature - 40)",
        "{__name__=~\"temp.*|memory\",project!=\"a\"}", "temperature{project=~\"a|c.*\"}",
        "temperature{project!~\"b.*\"}", "temperature{project=\"\"}", "temperature{project!=\"\"}",
        "temperature{project=\"nobody\"}", "sum(temperature{project=\"nobody\"})",
        "count(temperature{project=\"nobody\"}) or vector(0)",
        "sum without (instance) (temperature)", "sum without (project, instance) (temperature)",
        "sum by (__name__) ({__name__=~\"up|temperature\"})",
        "count by (__name__, project) ({job=\"api\"})", "absent(up{project=\"a\"})",
        "absent(up{project=\"x\"})", "absent(nope{job=\"a\",project=\"b-eu\"})",
        "absent_over_time(nope{project=\"a\"}[5m])", "absent_over_time(lonely[5m])",
        "scalar(lonely)", "scalar(up)", "lonely or up", "up unless lonely",
        "up and on (job, instance) temperature{project=\"a\"}",
        "up unless on (job, instance) temperature{project=\"a\"}",
        "up{project=\"a\"} or up{project=\"b-eu\"}",
        "sum by (job) (temperature) and sum by (job) (memory)",
        "temperature * on (job, project) group_left (team) team_limit",
        "temperature * on (job) group_left (project) team_limit{project=\"a\"}",
        "team_limit * on (job, project) group_right () temperature",
        "temperature * on (job) group_left (team) team_limit",
        "temperature == temperature", "temperature != bool 40", "count(temperature > bool 40)",
        "sum(temperature > 40) > 100", "sum(count by (project) (up)) by (project)",
        "max(sum by (project) (temperature))", "sum(topk by (project) (1, temperature))",
        "avg_over_time(up[5m]) > 0.9", "sum(rate(latency_sum[5m])) / sum(rate(latency_count[5m]))",
        "irate(requests_total[2m])", "increase(requests_total[1h])", "idelta(temperature[2m])",
        "quantile_over_time(0.5, temperature[5m])",
        "stddev_over_time(temperature[5m])", "last_over_time(temperature[5m])",
        "present_over_time(nope[5m])", "sum(last_over_time(memory[1m] offset 10m))",
        "min_over_time((temperature > 20)[5m:30s])", "topk(0, up)", "bottomk(100, up)",
    ]

    /// Published wrong answers of other gateways, in the words of this data.
    static let traps = [
        "histogram_quantile(0.9, sum by (le) (latency_bucket))", "time() - max(temperature)",
        "absent(temperature)", "sum(absent(temperature))", "sum(temperature offset 2m)",
        "(1 + 2) + (1 atan2 2)", "avg by (__name__) (temperature)",
        "up * on (job) group_left () sum by (job) (up)",
        "sum by (instance, project) (up) * ignoring (zone) sum by (instance, project) (memory)",
        "max(sum(label_replace(up, \"zone\", \"hard\", \"zone\", \"(.*)\")))",
        "max_over_time(sum_over_time(up[1m])[10m:1m])", "max_over_time(avg(temperature)[30s:15s])",
        "up or on () vector(0)", "sum(temperature @ end())",
        "temperature @ 1700000100 - temperature @ 1700000150", "scalar(temperature)",
        "avg without (instance) (temperature)", "temperature{job=\"api\"} / up{job=\"db\"}",
        "label_join(up, \"project\", \"-\", \"job\")", "max(temperature)",
        "max by (project) (temperature)", "max_over_time(temperature[18m])",
        "temperature and ignoring (zone) memory", "sum(up) or vector(7)",
        "count_values without (job) (\"value\", absent({series=\"7\"}))",
        "clamp_max(sum(up), scalar(lonely))", "clamp_max(sum(up), scalar(nope))",
        "sum(up) + sum(up)", "max(up) * 100", "max(up) * max(up) * 100",
        "sum by (instance) (up and on (job) (build_info == 1))",
        "max_over_time(sum by (instance) (rate(requests_total[1m]))[20m:])",
        "count(count by (instance) (up))", "count(up) or vector(0)", "sort_desc(count(up))",
        "scalar(count(up))", "topk(5, sum by (job) (up * temperature))", "stddev(up)",
        "quantile(0.5, temperature)", "sum(temperature) > 10", "sum(temperature) / sum(memory)",
        "count(nope)", "sum(nope) or vector(0)", "count(up == 0) or vector(0)",
        "avg(up) == bool 1", "bottomk(1, temperature) or up",
        "sum(up{project=\"a\"}) / sum(up{project!=\"a\"})", "up - up{project=\"a\"}",
        "up unless up{project=\"a\"}", "max_over_time(count(up)[10m:30s] offset 3m)",
        "sum_over_time((sum by (job) (temperature) > 100)[5m:1m])",
        "last_over_time(count(temperature)[5m:7s])", "avg_over_time(avg(odd_gauge)[5m:30s])",
    ]

    /// Refused by every Prometheus, and so by the gateway, in the same way.
    static let invalid = [
        "", "sum(", "up{", "rate(up)", "1 +", "up[5m", "{project=~\".*\"}", "{project!=\"zz\"}",
        "{}", "foo(up)", "up offset", "sum by (project (up)", "up and 1", "1 == 2",
        "temperature * on (job) temperature",
        "temperature + on (job) group_left (team) temperature",
        "label_replace(up, \"__name__\", \"\", \"job\", \"(\")", "topk(scalar(nope), up)",
        "label_replace(temperature, \"instance\", \"x\", \"job\", \".*\")",
        "label_replace(up, \"project\", \"x\", \"project\", \".*\")",
    ]

    /// Whose answer is a matrix or a string: for instant queries only.
    static let instantOnly = [
        "temperature[2m]", "trap[1m]", "memory{project=~\"a|b.*\"}[1m] offset 5m",
        "sum(up)[5m:1m]", "rate(requests_total[5m])[5m:1m]", "\"text\"", "up[1m:15s] @ 1700001000",
    ]

    /// What only 3.x knows, or answers in another way than 2.42.
    static let version3 = [
        "{\"temperature\"}", "{\"http.server.duration\"}", "sum({\"http.server.duration\"})",
        "sum by (\"service.name\") ({\"http.server.duration\"})",
        "{\"http.server.duration\",\"project.id\"!=\"\",project!=\"a\"}",
        "rate({\"http.server.duration\"}[300])", "temperature offset 90",
        "absent({\"http.nothing\",\"service.name\"=\"x\",project=\"a\"})",
        "{\"http.server.duration\"} * on (\"service.name\") group_left () "
            + "max by (\"service.name\") ({\"http.server.duration\",project=\"a\"})",
        "label_replace(up, \"a.b\", \"$1\", \"project\", \"(.*)\")",
        "label_join(up, \"project.id\", \"/\", \"project\", \"job\")",
        "count_values(\"project.of\", up)", "escaped{path=~\"C.*\"}", "escaped{path=~\".+dir.+\"}",
        "label_replace(sum by (path, project) (escaped), \"x\", \"$1\", \"path\", \"(.*)\")",
        "label_replace(sum by (path) (escaped), \"x\", \"$1\", \"path\", \"(.*)\")",
        "rate(temperature[5m])", "sum(rate(temperature[5m]))", "rate(memory[5m:30s])",
        "rate((sum by (job) (temperature))[5m:30s])", "quantile(2, up)",
        "quantile by (project) (-1, up)",
        "quantile_over_time(2, up[5m])", "histogram_quantile(2, latency_bucket)",
        "histogram_quantile(0.9, temperature)",
        "histogram_quantile(0.9, sum by (job) (latency_bucket))",
        "histogram_quantile(0.9, sum by (le) (latency_bucket) * 1e-9)",
        "histogram_fraction(0, 1, latency_bucket)",
        // Nobody is asked, and yet there is something to warn of.
        "histogram_quantile(2, nope{project=\"zz\"})",
        "sum(quantile by (project) (2, up{project=\"\"}))",
        "quantile by (project) (2, up{project=\"zz\"})", "quantile(2, up{project=\"zz\"})",
        "limit_ratio by (project) (2, up{project=\"zz\"})",
        "holt_winters(temperature[5m], 0.5, 0.5)",
        "double_exponential_smoothing(temperature[10m], 0.5, 0.5)",
        "sum(double_exponential_smoothing(temperature[10m], 0.5, 0.5))",
        "double_exponential_smoothing((sum by (job) (temperature))[10m:1m], 0.5, 0.5)",
        "double_exponential_smoothing(temperature[10m], 2, 0.5)", "mad_over_time(temperature[5m])",
        "mad_over_time((avg(temperature))[5m:30s])", "ts_of_max_over_time(temperature[5m])",
        "ts_of_min_over_time(up[5m])", "ts_of_last_over_time(memory[5m])",
        "ts_of_max_over_time((max(temperature))[5m:30s])", "limit_ratio(0.5, temperature)",
        "limit_ratio(-0.5, temperature)", "limit_ratio by (project) (0.5, temperature)",
        "limit_ratio(2, temperature)", "count(limitk(5, temperature))",
        "count by (project) (limitk by (project) (2, temperature))", "limitk(0, up)",
        "sort_by_label(temperature, \"instance\", \"project\")",
        "sort_by_label_desc(temperature, \"project\", \"job\")", "info(ticks_total)", "info(up)",
        "info(rate(ticks_total[5m]), {version=~\".+\"})",
        "sum by (cluster_name) (info(ticks_total))",
        "info(ticks_total{project=\"a\"}, {cluster_name!=\"\"})",
        "info(ticks_total, {__name__=\"build_info\"})",
        "rate(requests_total[1m + 1m])", "sum(rate(requests_total[2m * 2]))",
        "temperature offset (1m * 2)", "max_over_time(sum(temperature)[10m:30s * 2])",
        "first_over_time(temperature[5m])", "temperature{\"project\"=\"a\"}",
        "predict_linear(temperature[5m] @ end(), 600)", "stddev_over_time(temperature[0.001])",
        "sum(temperature) / 0", "sum_over_time(temperature[5m:]) > bool 3", "avg(odd_gauge)",
    ]

    /// What every version knows.
    static var cases: [QueryCase] { cases(plans + traps + invalid) + instantCases }

    /// Each at instants and in ranges.
    static func cases(_ queries: [String]) -> [QueryCase] {
        let middle = FederationData.start + 30 * 60_000
        var all: [QueryCase] = []
        for query in queries {
            all.append(QueryCase(query: query, times: .instant(middle)))
            all.append(QueryCase(query: query, times: .instant(middle + 7_321)))
            all.append(
                QueryCase(
                    query: query,
                    times: .range(start: middle - 600_000, end: middle + 900_000, step: 30_000)))
            all.append(
                QueryCase(
                    query: query,
                    times: .range(
                        start: middle + 1_234, end: FederationData.end + 400_000, step: 61_500)))
        }
        return all
    }

    static var instantCases: [QueryCase] {
        let middle = FederationData.start + 30 * 60_000
        var all: [QueryCase] = []
        for query in instantOnly {
            all.append(QueryCase(query: query, times: .instant(middle)))
            all.append(
                QueryCase(query: query, times: .range(start: middle, end: middle, step: 1_000)))
        }
        return all
    }
}
