import Testing

/// The gateway over real Prometheus servers must answer as one real Prometheus that holds it all:
/// these suites share one set of servers, and run one after the other.
@Suite("End to end", .scene(.two), .serialized)
struct EndToEnd {}
