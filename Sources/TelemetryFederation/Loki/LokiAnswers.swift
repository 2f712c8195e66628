import Federation
import LokiWire
import TimeSeries
import Upstream

extension TelemetryStream {
    /// Reads an answer of Loki to its end.
    ///
    /// - Parameters:
    ///   - type: What the answer must hold.
    ///   - grid: Where samples may stand; nil for anywhere.
    ///   - take: Takes what was read, again and again, the last time behind the end.
    nonisolated func readLoki(
        expecting type: LokiAnswerReader.ResultType, on grid: StepGrid? = nil, turn: QueryTurn,
        _ take: (inout LokiAnswerReader) async throws(UpstreamError) -> Void
    ) async throws(UpstreamError) -> LokiAnswerReader.Trailer {
        var limits = LokiAnswerReader.Limits()
        limits.element = Self.longestElement
        var reader = LokiAnswerReader(expecting: [type], on: grid, limits: limits)
        while let bytes = try await next() {
            try await scanning(turn) { try reader.append(bytes) }
            try await take(&reader)
        }
        let trailer = try await scanning(turn) { try reader.finish() }
        try await take(&reader)
        return trailer
    }

    /// Bytes of one line, or of the labels of one stream.
    private static let longestElement = 16 << 20

    /// Runs a piece of work in a place of the query.
    private nonisolated func scanning<Value>(
        _ turn: QueryTurn, _ work: () throws -> Value
    ) async throws(UpstreamError) -> Value {
        do {
            return try await turn.work.compute(work)
        } catch let error as NoTurn {
            throw error == .cancelled ? .cancelled : .noTurn
        } catch {
            throw await malformed("\(error)")
        }
    }
}
