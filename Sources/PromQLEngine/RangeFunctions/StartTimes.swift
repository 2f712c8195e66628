/// Rules about start timestamps (`use-start-timestamps`). A start time of 0 says nothing.
enum StartTimes {
    /// Whether the counter began anew between two samples.
    ///
    /// A start that equals the previous sample's time is a reset only where the previous sample
    /// had a start before its own time (a delta); otherwise it is a counter of unknown start.
    static func isReset(
        previousStart: Int64, previousTime: Int64, start: Int64, time: Int64
    ) -> Bool {
        guard start != 0, start < time else { return false }
        if start == previousTime { return previousStart != 0 && previousStart < previousTime }
        return start > previousTime
    }

    /// Whether a sample claims to cover time that the previous one, of another start, covers too.
    static func isOverlap(previousStart: Int64, previousTime: Int64, start: Int64) -> Bool {
        start != 0 && start < previousTime && start != previousStart
    }
}
