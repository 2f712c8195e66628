public import GoText

/// How fast requests are sent.
public enum Pace: Sendable, Equatable {
    /// So many a second, whether those before are answered or not.
    case rate(Double)
    /// At the times of the recording, so many times as fast, answered or not.
    case speed(Double)
    /// Each of so many clients sends its next request when its last one is answered.
    case clients(Int)

    /// Whether requests are due at times of their own, so that waiting for a slow server is part of
    /// their latency.
    public var isOpen: Bool {
        switch self {
        case .rate, .speed: true
        case .clients: false
        }
    }
}

/// When requests are due, in the order in which they are asked about.
public struct Schedule: Sendable {
    private let pace: Pace
    private var count = 0
    private var last = Duration.zero
    /// Of the recording as it is played now: its first moment, and when that was due.
    private var first: Timestamp?
    private var beginning = Duration.zero
    private var pass = 0

    public init(_ pace: Pace) { self.pace = pace }

    /// From the beginning until a request is due; nil where it is due when a client is free.
    ///
    /// A request that was recorded before the one ahead of it is due with that one, and so is the
    /// first one when the recording begins anew.
    ///
    /// - Parameter pass: How often the recording was played before.
    public mutating func due(_ request: RecordedRequest, pass: Int = 0) -> Duration? {
        switch pace {
        case .clients: return nil
        case .rate(let rate):
            defer { count += 1 }
            return .seconds(Double(count) / rate)
        case .speed(let speed):
            guard let time = request.time else { return last }
            if pass != self.pass || first == nil {
                self.pass = pass
                first = time
                beginning = last
            }
            let since = (time - (first ?? time)).duration / speed
            last = max(last, beginning + since)
            return last
        }
    }
}

/// Which requests of a recording are sent, how often, and at which times they ask.
public struct Selection: Sendable {
    public enum Shift: Sendable, Equatable {
        case by(Milliseconds)
        /// As far as the request is sent later than it was recorded.
        case toNow
    }

    public var shift: Shift
    /// Times that the recording is played; nil until something else ends the replay.
    public var passes: Int?
    /// Requests in all; nil for every one.
    public var limit: Int?

    public init(shift: Shift = .by(.zero), passes: Int? = 1, limit: Int? = nil) {
        self.shift = shift
        self.passes = passes
        self.limit = limit
    }

    /// The request as it is sent at the moment `now`.
    public func sent(_ request: RecordedRequest, now: Timestamp) -> RecordedRequest {
        switch shift {
        case .by(let length): request.moved(by: length, now: now)
        case .toNow:
            request.moved(
                by: request.ownTime.flatMap { now.distance(from: $0) } ?? .zero, now: now)
        }
    }
}
