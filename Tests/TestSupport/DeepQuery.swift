import Foundation

/// A query as high as the parser accepts it. Series of `x` have the labels `instance` and `job`.
public struct DeepQuery: Sendable, CustomStringConvertible {
    /// `ParserOptions.maximumDepth`, but for what stands around.
    private static let levels = 990

    public var text: String
    /// At ten minutes, where `x` is 10; nil where that is not looked at.
    public var value: Double?

    public var description: String { "\(text.prefix(24))…" }

    private init(
        _ opening: String, _ inner: String, _ closing: String = "", value: Double? = nil,
        perLevel height: Int = 1
    ) {
        let count = Self.levels / height
        text =
            String(repeating: opening, count: count) + inner
            + String(repeating: closing, count: count)
        self.value = value
    }

    public static let all = [
        DeepQuery("(", "x", ")", value: 10), DeepQuery("-", "x", "", value: 10),
        DeepQuery("+", "x", value: 10),
        DeepQuery("-(", "x", ")", perLevel: 2), DeepQuery("(", "time()", ")", value: 600),
        DeepQuery("-(", "vector(1)", ")", perLevel: 2), DeepQuery("-", "1", value: 1),
        // To the left and to the right.
        DeepQuery("x + ", "x", value: 9910), DeepQuery("", "x", " + x", value: 9910),
        DeepQuery("x - (", "x", ")", perLevel: 2), DeepQuery("1 + ", "1", value: 991),
        DeepQuery("1 ^ ", "x", value: 1), DeepQuery("x or ", "x", value: 10),
        DeepQuery("x and ", "x", value: 10),
        DeepQuery("x unless on (job) (", "x", ")", perLevel: 2),
        DeepQuery("x * on (job) group_left () (", "x", ")", perLevel: 2),
        DeepQuery("x == bool ", "x"), DeepQuery("x > ", "x"),
        DeepQuery("time() == bool ", "time()"),
        // Calls.
        DeepQuery("abs(", "x", ")", value: 10), DeepQuery("clamp(", "x", ", 0, 100)", value: 10),
        DeepQuery("round(", "x", ")", value: 10),
        DeepQuery("vector(scalar(", "x", "))", value: 10, perLevel: 2),
        DeepQuery("hour(", "x", ")"), DeepQuery("timestamp(", "x", ")"),
        DeepQuery("absent(", "x", ")"), DeepQuery("sort(", "x", ")"),
        DeepQuery("sort_by_label(", "x", ", 'job')"), DeepQuery("info(", "x", ")"),
        DeepQuery("label_replace(", "x", ", 'a', '$1', 'job', '(.*)')", value: 10),
        DeepQuery("label_join(", "x", ", 'a', '-', 'job')", value: 10),
        DeepQuery("histogram_quantile(0.5, ", "x", ")"), DeepQuery("histogram_count(", "x", ")"),
        DeepQuery("histogram_fraction(0, 1, ", "x", ")"),
        DeepQuery("max_of(1, ", "time()", ")", value: 600),
        DeepQuery("clamp_max(x, scalar(", "x", "))", perLevel: 2),
        // Subqueries.
        DeepQuery("max_over_time(", "x", "[1m:1m])", value: 10, perLevel: 2),
        DeepQuery("rate(", "x", "[1m:1m])", perLevel: 2),
        DeepQuery("absent_over_time(", "x", "[1m:1m])", perLevel: 2),
        DeepQuery("quantile_over_time(0.5, ", "x", "[1m:1m])", perLevel: 2),
        DeepQuery("last_over_time(", "x", "[1m:1m] @ 600)", value: 10, perLevel: 2),
        // Aggregations.
        DeepQuery("sum(", "x", ")", value: 10), DeepQuery("avg by (job) (", "x", ")", value: 10),
        DeepQuery("count without (job) (", "x", ")", value: 1),
        DeepQuery("stddev(", "x", ")", value: 0),
        DeepQuery("topk(1, ", "x", ")", value: 10),
        DeepQuery("quantile(0.5, ", "x", ")", value: 10),
        DeepQuery("limitk(1, ", "x", ")", value: 10),
        DeepQuery("limit_ratio(1, ", "x", ")", value: 10),
        DeepQuery("count_values('v', ", "x", ")", value: 1),
        DeepQuery("topk(scalar(", "x", "), x)", value: 10, perLevel: 2),
        DeepQuery("sum by (project) (", "x", ")"),
        DeepQuery("sum by (project) (-", "x", ")", perLevel: 2),
    ]
}

extension DeepQuery {
    /// Runs `body` on a thread with one megabyte of stack, an eighth of what a task's thread has here.
    public static func onSmallStack(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                body()
                continuation.resume()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }
}
