/// A metric's name and everything distinct that members say about it.
struct MetricFamily: Sendable, Equatable {
    var name: String
    var descriptions: [MetricDescription]
}
