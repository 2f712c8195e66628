import PrometheusWire
import TimeSeries

/// One trace of what several members know of it. Messages are spliced: a span is the bytes that a
/// member sent.
///
/// - Resources come in the order of the members, each as it came, with the members' labels among
///   its attributes.
/// - A span that two members have is there once, as the first has it. (A Tempo that received both
///   would show both.)
/// - Tempo gives the server's span of a call another id where client and server share one. That is
///   not done here.
public struct MergedTrace: Sendable {
    private var trace: [UInt8] = []
    private var statistics: [UInt64: UInt64] = [:]
    private var sentences: [String] = []
    private var isPartial = false
    /// Whether no member has a span of it. Version 1 then answers 404 without a body, version 2 has
    /// an empty trace.
    public let isEmpty: Bool
    /// Whether spans were left out because there are more bytes than allowed. Version 2 then says
    /// that the answer is partial; version 1 cannot, so that `sizeError` is the answer.
    public private(set) var isCut = false
    /// Spans that two members have with different contents; the first one is there.
    public private(set) var conflictingSpans = 0
    private let maximumBytes: Int

    /// - Parameters:
    ///   - answers: in the order of the members; those that have the trace.
    ///   - maximumBytes: of the merged trace, as protobuf.
    public init(_ answers: [MemberAnswer<TraceAnswer>], maximumBytes: Int) {
        self.maximumBytes = maximumBytes
        isEmpty = answers.allSatisfy(\.value.isEmpty)
        var selection = SpanSelection(answers.map(\.value))
        trace.reserveCapacity(min(maximumBytes, answers.reduce(0) { $0 + $1.value.bytes.count }))
        for (index, answer) in answers.enumerated() {
            append(answer, selection.dropped(of: index))
            for (number, value) in answer.value.statistics {
                statistics[number] = (statistics[number] ?? 0) &+ value
            }
            if answer.value.isPartial {
                isPartial = true
                let message = answer.value.message
                if !message.isEmpty, !sentences.contains(message) { sentences.append(message) }
            }
        }
        conflictingSpans = selection.conflicts
        if conflictingSpans > 0 {
            sentences.append(
                "\(conflictingSpans) spans differ between members: the first member's are shown")
        }
        if isCut {
            isPartial = true
            sentences.append("the trace has more than \(maximumBytes) bytes: spans are left out")
        }
    }

    /// What version 1 answers where the trace is too large.
    public var sizeError: TempoError {
        .unprocessable("the trace of all members has more than \(maximumBytes) bytes")
    }

    /// Says of members that are missing. The answer is partial then.
    public mutating func note(missing sentences: [String]) {
        guard !sentences.isEmpty else { return }
        isPartial = true
        self.sentences += sentences
    }

    /// The body of the answer.
    ///
    /// - Throws: for JSON, where a member's span is no message of OpenTelemetry.
    public func body(version: TraceVersion, protobuf: Bool) throws(TempoAnswerError) -> [UInt8] {
        guard protobuf else {
            return try TraceJSON.body(
                trace: trace, version: version,
                header: TraceJSON.Header(
                    statistics: statistics, isPartial: isPartial,
                    message: sentences.joined(separator: "; ")))
        }
        if version == .v1 { return trace }
        var out: [UInt8] = []
        out.reserveCapacity(trace.count + 64)
        WireWriter.append(1, bytes: trace, to: &out)
        var metrics: [UInt8] = []
        for (number, value) in statistics.sorted(by: { $0.key < $1.key }) {
            WireWriter.append(number, varint: value, to: &metrics)
        }
        WireWriter.append(2, bytes: metrics, to: &out)
        WireWriter.append(3, varint: isPartial ? 1 : 0, to: &out)
        WireWriter.append(4, text: sentences.joined(separator: "; "), to: &out)
        return out
    }

    // MARK: Splicing

    /// A message that is made of parts of a member's and of new ones.
    private struct Splice {
        private var parts: [Part] = []
        private(set) var count = 0

        private enum Part {
            case copied(Range<Int>)
            case written([UInt8])
        }

        mutating func copy(_ range: Range<Int>) {
            guard !range.isEmpty else { return }
            parts.append(.copied(range))
            count += range.count
        }

        mutating func write(_ bytes: [UInt8]) {
            parts.append(.written(bytes))
            count += bytes.count
        }

        func append(from source: [UInt8], to out: inout [UInt8]) {
            for part in parts {
                switch part {
                case .copied(let range): out.append(contentsOf: source[range])
                case .written(let bytes): out.append(contentsOf: bytes)
                }
            }
        }
    }

    /// Room for the lengths of the messages around a resource's spans.
    private static let framing = 64

    /// - Parameter dropped: spans of the answer that another member has, in order.
    private mutating func append(_ answer: MemberAnswer<TraceAnswer>, _ dropped: [Int]) {
        let source = answer.value
        let attributes = ResourceAttributes(answer.labels)
        for extent in source.otherFields where trace.count + extent.count <= maximumBytes {
            trace.append(contentsOf: source.bytes[extent])
        }
        var dropped = dropped[...]
        for resource in source.resources {
            let inside = dropped.prefix { resource.spans.contains($0) }
            dropped = dropped.dropFirst(inside.count)
            append(resource, of: source, inside, attributes)
        }
    }

    private mutating func append(
        _ resource: TraceAnswer.ResourceSpans, of source: TraceAnswer, _ dropped: ArraySlice<Int>,
        _ attributes: ResourceAttributes
    ) {
        let room = maximumBytes - trace.count - Self.framing - attributes.count
        var dropped = dropped
        let size = resource.content.count
        if size > room {
            let others = resource.spans.reduce(size) { $0 - source.spans[$1].extent.count }
            dropped = cut(resource.spans, of: source, to: room - others, dropped)
            if others > room {
                isCut = true
                return
            }
        }
        if !resource.spans.isEmpty, dropped.count == resource.spans.count { return }
        // What is left out or written anew, in the order of the bytes.
        var changed: [(extent: Range<Int>, scope: Int?, dropped: ArraySlice<Int>)] =
            resource.resources.map { ($0, nil, []) }
        for index in dropped.isEmpty ? 0..<0 : resource.scopes {
            let inside = dropped.prefix { source.scopes[index].spans.contains($0) }
            if inside.isEmpty { continue }
            dropped = dropped.dropFirst(inside.count)
            changed.append((source.scopes[index].extent, index, inside))
        }
        changed.sort { $0.extent.lowerBound < $1.extent.lowerBound }
        var message = Splice()
        message.write(attributes.field(of: resource.resources, in: source.bytes))
        var copied = resource.content.lowerBound
        for (extent, index, dropped) in changed {
            message.copy(copied..<extent.lowerBound)
            copied = extent.upperBound
            if let index, dropped.count < source.scopes[index].spans.count {
                Self.write(source.scopes[index], of: source, dropped, to: &message)
            }
        }
        message.copy(copied..<resource.content.upperBound)
        WireWriter.append(1, head: message.count, to: &trace)
        message.append(from: source.bytes, to: &trace)
    }

    private static func write(
        _ scope: TraceAnswer.ScopeSpans, of source: TraceAnswer, _ dropped: ArraySlice<Int>,
        to message: inout Splice
    ) {
        var head: [UInt8] = []
        let left = dropped.reduce(scope.content.count) { $0 - source.spans[$1].extent.count }
        WireWriter.append(2, head: left, to: &head)
        message.write(head)
        var copied = scope.content.lowerBound
        for index in dropped {
            let extent = source.spans[index].extent
            message.copy(copied..<extent.lowerBound)
            copied = extent.upperBound
        }
        message.copy(copied..<scope.content.upperBound)
    }

    /// The spans that must go, those included that go anyway.
    private mutating func cut(
        _ spans: Range<Int>, of source: TraceAnswer, to room: Int, _ dropped: ArraySlice<Int>
    ) -> ArraySlice<Int> {
        var gone = dropped
        var all: ArraySlice<Int> = []
        var used = 0
        for index in spans {
            if gone.first == index {
                gone.removeFirst()
                all.append(index)
                continue
            }
            used += source.spans[index].extent.count
            guard used > room else { continue }
            all.append(index)
            isCut = true
        }
        return all
    }
}

/// Which spans of each answer are left out because a member before has them.
private struct SpanSelection {
    private let answers: [TraceAnswer]
    private var first: [SpanKey: Place] = [:]
    private(set) var conflicts = 0

    private struct Place {
        var answer: Int
        var span: Int
    }

    init(_ answers: [TraceAnswer]) {
        self.answers = answers
        if answers.count > 1 {
            first.reserveCapacity(answers.reduce(0) { $0 + $1.spans.count })
        }
    }

    /// In order. The answers must be asked for in their order.
    mutating func dropped(of index: Int) -> [Int] {
        guard answers.count > 1 else { return [] }
        var dropped: [Int] = []
        let answer = answers[index]
        for (number, span) in answer.spans.enumerated() {
            guard let key = span.key else { continue }
            guard let place = first[key] else {
                first[key] = Place(answer: index, span: number)
                continue
            }
            // What a member has twice is shown twice.
            guard place.answer != index else { continue }
            dropped.append(number)
            let other = answers[place.answer]
            let same = other.bytes[other.spans[place.span].extent]
                .elementsEqual(answer.bytes[span.extent])
            if !same { conflicts += 1 }
        }
        return dropped
    }
}
