import EmbeddedPrometheus
import GoText
import PrometheusServer
import TimeSeries

/// A Prometheus in memory with a few series, each with one sample of a second ago.
enum SampleData {
    static func api(_ series: [(labels: [String: String], value: Double)]) -> EmbeddedAPI {
        let store = MemoryStore()
        let time = WallClock.now() - Milliseconds(1000)
        store.append(
            contentsOf: series.map { (LabelSet($0.labels), time, .float($0.value)) })
        return EmbeddedAPI(store: store)
    }

    /// `up` of so many jobs, `j1`, `j2` and so on, each 1.
    static func up(jobs: Int) -> EmbeddedAPI {
        let api = api(
            (1...max(1, jobs)).map { (["__name__": "up", "job": "j\($0)"], 1) })
        api.store.describe("up", MetricMetadata(type: "gauge", help: "Whether it is up."))
        return api
    }
}
