import GoText
import PrometheusWire

/// Loki's parameters by name, with its error texts.
extension ParameterReader {
    /// Behind the first point.
    private static var maximumSteps: Int64 { 11_000 }

    /// `start` and `end`, or one that begins `since` before `end`.
    func bounds(now: LogTime) throws(LokiError) -> LogBounds {
        var since = Duration.seconds(3600)
        if !text("since").isEmpty {
            do throws(DurationText.Failure) {
                since = try DurationText.length(text("since")).duration
            } catch {
                throw .badRequest(
                    "could not parse 'since' parameter: " + error.description(of: text("since")))
            }
        }
        let end = try time("end", or: now)
        return LogBounds(start: try time("start", or: min(end, now) - since), end: end)
    }

    /// The same, where the end may not be before the start.
    func orderedBounds(now: LogTime) throws(LokiError) -> LogBounds {
        let bounds = try bounds(now: now)
        if bounds.end < bounds.start {
            throw .badRequest("end timestamp must not be before or equal to start time")
        }
        return bounds
    }

    private func time(_ name: String, or absent: LogTime) throws(LokiError) -> LogTime {
        if text(name).isEmpty { return absent }
        do throws(LogTime.Failure) {
            return try LogTime(parsing: text(name))
        } catch {
            throw .badRequest("could not parse '\(name)' parameter: \(error.text)")
        }
    }

    /// A number as Go's `Atoi` reads it.
    func integer(_ name: String, or absent: Int) throws(LokiError) -> Int {
        if text(name).isEmpty { return absent }
        do throws(LogTime.Failure) {
            return Int(try DecimalNumber.int64(text(name), function: "Atoi"))
        } catch {
            throw .badRequest(error.text)
        }
    }

    /// `limit`, a positive number of 32 bits.
    func lineLimit(or absent: Int = 100) throws(LokiError) -> Int {
        let limit = try integer("limit", or: absent)
        if limit <= 0 { throw .badRequest("limit must be a positive value") }
        if limit > UInt32.max {
            throw .badRequest("limit value \(limit) is out of range [0, \(UInt32.max)]")
        }
        return limit
    }

    func direction() throws(LokiError) -> LogDirection {
        let text = text("direction")
        if text.isEmpty { return .backward }
        guard let direction = LogDirection(rawValue: text.lowercased()) else {
            throw .badRequest("invalid direction '\(text)'")
        }
        return direction
    }

    /// Float seconds or a duration; nil when absent.
    func seconds(_ name: String) throws(LokiError) -> Duration? {
        if text(name).isEmpty { return nil }
        do throws(APIError) {
            return try RequestDuration.parse(text(name))
        } catch {
            throw .badRequest(error.message)
        }
    }

    /// `step`, or one that makes some 250 points of the window, at least a second. What is below a
    /// millisecond is cut, as Loki's own frontend does.
    ///
    /// - Parameter least: what smaller steps become.
    func step(
        _ bounds: LogBounds, least: Milliseconds = .zero
    ) throws(LokiError) -> Milliseconds {
        let span = bounds.end.nanoseconds(since: bounds.start)
        let absent = Milliseconds(max(1, span / 1_000_000_000 / 250) * 1000)
        var step = Milliseconds(try seconds("step") ?? absent.duration)
        if step <= .zero {
            throw .badRequest(
                "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer")
        }
        step = max(step, least)
        guard span / 1_000_000 / step.count <= Self.maximumSteps else {
            throw .badRequest(
                "exceeded maximum resolution of 11,000 points per time series. "
                    + "Try increasing the value of the step parameter")
        }
        return step
    }
}
