import Foundation
import GoText
import TimeSeries

/// Float series as promtool loads them. Staleness markers cannot be written so, nor histograms.
enum OpenMetricsText {
    static func text(of series: [SampleSeries]) -> String {
        var text = ""
        for one in series.sorted(by: { $0.labels.metricName < $1.labels.metricName }) {
            let labels = one.labels.pairs.filter { $0.name != "__name__" }
                .map { "\($0.name)=\"\($0.value)\"" }
            let head = "\(one.labels.metricName){\(labels.joined(separator: ","))}"
            for (time, value) in zip(one.times, one.values) {
                text += "\(head) \(number(value)) \(seconds(time))\n"
            }
        }
        return text + "# EOF\n"
    }

    static func seconds(_ time: Timestamp) -> String {
        "\(time.milliseconds / 1000).\(String(1000 + time.milliseconds % 1000).dropFirst())"
    }

    static func seconds(_ length: Milliseconds) -> String { seconds(.epoch + length) }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }
}
