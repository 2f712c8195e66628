import Foundation
import PromQL
import PromQLEngine
import TimeSeries

// `EngineBench data` prints the samples as OpenMetrics; `EngineBench run` prints the fastest of
// five evaluations in milliseconds and a checksum of the answer.
let counters = GeneratedCounters()
let query = "sum by (job) (rate(x_total[5m]))"

switch CommandLine.arguments.dropFirst().first {
case "data":
    for one in counters.series {
        let labels = one.labels.pairs.filter { $0.name != "__name__" }
            .map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
        var text = ""
        for (time, value) in zip(one.times, one.values) {
            let fraction = String(1000 + time % 1000).dropFirst()
            text += "x_total{\(labels)} \(value) \(time / 1000).\(fraction)\n"
        }
        print(text, terminator: "")
    }
    print("# EOF")
case "run":
    let expression = try parseExpression(query, options: .everything)
    var options = EngineOptions()
    options.rangeBoundary = .closed
    options.dialect = .prometheus2
    var best = Duration.seconds(3600)
    var sum = 0.0
    for _ in 0..<5 {
        let begin = ContinuousClock.now
        let result = try Engine(options: options).evaluate(
            expression, on: GeneratedCounters.grid, query: query, source: counters)
        best = min(best, ContinuousClock.now - begin)
        guard case .vector(let series) = result.value else { continue }
        sum = series.reduce(0) { $0 + $1.values.reduce(0, +) }
    }
    print("\(best / .milliseconds(1)) \(sum)")
default:
    print("EngineBench data | run")
    exit(2)
}
