public import TimeSeries

/// Lines of one member, in the order in which they came.
///
/// A line is its JSON spelling without the quotes, as Loki writes it. The labels of a line are two
/// label sets, in the bytes of their keys.
public struct LinePage: Sendable {
    /// A stream that began in this page or in one before it.
    public struct Stream: Sendable, Equatable {
        /// Among those of the member's answer.
        public var number: Int32
        public var labels: LabelSet
    }

    /// Where the labels of a line are: structured metadata, then what was parsed.
    struct Labels: Sendable, Equatable {
        var offset = 0
        var metadataLength: Int32 = 0
        var parsedLength: Int32 = 0

        var isEmpty: Bool { metadataLength == 0 && parsedLength == 0 }
    }

    struct Entry: Sendable {
        /// In nanoseconds since the epoch.
        var time: Int64
        var lineOffset: Int
        var lineLength: Int32
        var stream: Int32
        var labels: Labels
    }

    var bytes: [UInt8] = []
    var entries: [Entry] = []
    /// Each of them has a stream in this page or in another one of the same answer.
    public internal(set) var streams: [Stream] = []

    public init() {}

    /// Of lines.
    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty && streams.isEmpty }

    /// What it takes, in bytes.
    public var heldBytes: Int {
        bytes.capacity + entries.capacity * MemoryLayout<Entry>.stride
            + streams.reduce(0) { $0 + $1.heldBytes }
    }

    func line(_ entry: Entry) -> ArraySlice<UInt8> {
        bytes[entry.lineOffset..<(entry.lineOffset + Int(entry.lineLength))]
    }

    /// The keys of both label sets, one behind the other.
    func key(_ labels: Labels) -> ArraySlice<UInt8> {
        let length = Int(labels.metadataLength) + Int(labels.parsedLength)
        return bytes[labels.offset..<(labels.offset + length)]
    }

    /// Structured metadata, and what was parsed.
    func labelSets(_ labels: Labels) -> (metadata: LabelSet, parsed: LabelSet) {
        let key = key(labels)
        return (
            LabelSet(key: Array(key.prefix(Int(labels.metadataLength)))),
            LabelSet(key: Array(key.dropFirst(Int(labels.metadataLength))))
        )
    }

    /// What a line of it takes, in bytes.
    static func cost(_ entry: Entry) -> Int {
        MemoryLayout<Entry>.stride + Int(entry.lineLength) + Int(entry.labels.metadataLength)
            + Int(entry.labels.parsedLength)
    }
}

extension LinePage.Stream {
    var heldBytes: Int { labels.key.count + MemoryLayout<Self>.stride + 32 }
}
