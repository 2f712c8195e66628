import Synchronization

/// Whether gated routes answer, shared between the server and the code that starts or stops it.
public final class Readiness: Sendable {
    public enum State: Sendable, Equatable {
        case starting
        case ready
        case stopping
    }

    private let current: Mutex<State>

    public init(_ state: State = .starting) { current = Mutex(state) }

    public var state: State {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// The refusal Prometheus gives while it is not ready; nil when it is.
    var refusal: PrometheusResponse? {
        let isStopping: Bool
        switch state {
        case .ready: return nil
        case .starting: isStopping = false
        case .stopping: isStopping = true
        }
        var response = PrometheusResponse.text(status: 503, "Service Unavailable")
        response.headers["X-Prometheus-Stopping"] = isStopping ? "true" : "false"
        return response
    }
}
