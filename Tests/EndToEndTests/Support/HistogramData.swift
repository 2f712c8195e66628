import PromQLScripts
import TimeSeries

/// Native histograms of three members: of every layout that JSON tells, half tells and does not
/// tell.
enum HistogramData {
    static let members = ["eu", "ops", "us"]
    /// What can be added across members. `doubtful` cannot.
    static let metrics = ["latency", "sizes", "sparse", "powers", "octaves", "idle", "differing"]

    /// One member's series, written and generated ones.
    static func series(_ member: Int, seed: UInt64) throws -> [SampleSeries] {
        let start = HistogramScene.start
        let lines =
            exponential(member) + custom(member)
            + [
                "mixed{kind=\"float\"} \(member + 1)+1x40",
                "mixed{kind=\"histogram\"} {{schema:0 sum:2 count:3 buckets:[1 2]}}x40",
            ] + hollow(member)
        return try SeriesNotation.series(lines.joined(separator: "\n"), from: start)
            + generated(member, seed: seed, from: start)
    }

    /// Of three schemas, with negative and zero buckets and a reset; of bounds that are powers of
    /// two only, and of single buckets; and some that stand still, so that rates of them are empty.
    private static func exponential(_ member: Int) -> [String] {
        let schema = [0, 3, 1][member]
        let scale = member + 1
        let octaves = [
            "{{schema:0 sum:7 count:4 buckets:[1 0 3]}}+{{schema:0 sum:5 count:3 buckets:[2 0 1]}}x40",
            "{{schema:-1 sum:20 count:4 buckets:[1 3]}}+{{schema:-1 sum:5 count:2 buckets:[1 1]}}x40",
            "{{schema:0 sum:3 count:2 offset:1 buckets:[2]}}"
                + "+{{schema:0 sum:3 count:2 offset:1 buckets:[2]}}x40",
        ][member]
        return [
            """
            latency{job="api"} \
            {{schema:\(schema) sum:\(5 * scale) count:\(7 * scale) buckets:[\(scale) \(2 * scale) \(4 * scale)]}}\
            +{{schema:\(schema) sum:3 count:4 buckets:[1 2 1]}}x40
            """,
            """
            latency{job="db"} \
            {{schema:2 sum:-4 count:12 z_bucket:3 z_bucket_w:0.001 n_buckets:[2 1] n_offset:1 buckets:[3 0 3] offset:-2}}\
            +{{schema:2 sum:1 count:6 z_bucket:1 z_bucket_w:0.001 n_buckets:[1 1] n_offset:1 buckets:[1 1 1] offset:-2}}x18 \
            {{schema:2 sum:1 count:3 z_bucket_w:0.001 buckets:[1 1 1] offset:-2}}\
            +{{schema:2 sum:1 count:3 z_bucket_w:0.001 buckets:[1 1 1] offset:-2}}x18
            """,
            "octaves{job=\"api\"} \(octaves)",
            "idle{job=\"api\"} {{schema:1 sum:9 count:6 buckets:[1 2 3]}}"
                + "+{{schema:1 sum:0 count:\(member) buckets:[0 \(member)]}}x20",
        ]
    }

    /// Floats beside histograms that are all empty: at one member both, at the others either.
    private static func hollow(_ member: Int) -> [String] {
        let floats = [
            "hollow{kind=\"float\"} \(member)1+1x40", "hollow{kind=\"more\"} \(member)002+1x40",
        ]
        let empty = ["hollow{kind=\"empty\"} {{}}x40", "hollow{kind=\"turned\"} 1x20 {{}}x20"]
        return [floats + empty, empty, floats][member]
    }

    /// All buckets populated, with other bounds at one member; equal bounds of which each member
    /// populates others, once such that could be exponential; and bounds that differ.
    private static func custom(_ member: Int) -> [String] {
        func growing(_ name: String, _ bounds: String, _ buckets: String, _ count: Int) -> String {
            let one =
                "{{schema:-53 sum:\(count * 2) count:\(count) custom_values:[\(bounds)] "
                + "buckets:[\(buckets)]}}"
            return "\(name){job=\"api\"} \(one)+\(one)x40"
        }
        let boundaries = ["1 2 5", "1 2 5", "2 5 10"][member]
        return [
            """
            sizes{job="api"} \
            {{schema:-53 sum:9 count:6 custom_values:[\(boundaries)] buckets:[1 2 2 1]}}\
            +{{schema:-53 sum:4 count:4 custom_values:[\(boundaries)] buckets:[1 1 1 1]}}x40
            """,
            growing(
                "sparse", "1 3 7 20", ["0 2", "0 0 3", "1 0 0 0 2"][member], [2, 3, 3][member]),
            growing(
                "powers", "1 2 4 8", ["0 2", "0 0 3 1", "0 1 0 2"][member], [2, 4, 3][member]),
            growing(
                "differing", ["1 5", "1 5", "1 3 5"][member], ["0 4", "0 2", "0 1 2"][member],
                [4, 2, 3][member]),
            growing(
                "doubtful", ["1 2 5", "1 2 5", "1 3 5"][member], ["0 4", "0 2", "0 1"][member],
                [4, 2, 1][member]),
        ]
    }
}
