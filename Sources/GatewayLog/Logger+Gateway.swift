import GoText
public import Logging
public import Upstream

extension Logger {
    /// Says that a member went or came back. A member that fails now and then is said at the level
    /// debug alone.
    public func say(_ event: MemberEvent) {
        var metadata: Logger.Metadata = ["member": "\(event.member)"]
        if let cause = event.cause { metadata["cause"] = "\(cause)" }
        let name = "\(event.former)_for_ms"
        metadata[name] = "\(event.duration.wholeMilliseconds)"
        switch (event.former, event.state) {
        case (_, .down):
            warning("a member is down", metadata: metadata)
        case (.down, .up), (.down, .failing):
            notice("a member is back", metadata: metadata)
        case (_, .failing): debug("a member failed", metadata: metadata)
        case (_, .up): debug("a member answers again", metadata: metadata)
        }
    }
}

extension Logger {
    /// For what libraries say of themselves: their warnings, and everything where this one says all.
    public var ofLibraries: Logger {
        var logger = self
        if logLevel > .debug { logger.logLevel = max(logLevel, .warning) }
        return logger
    }
}
