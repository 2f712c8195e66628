import GoText
import TimeSeries

/// Writes the answer to a log query, piece by piece: its lines by stream, streams in the order of the
/// texts of their labels, the lines of each in order of time.
public struct LineAnswer: Sendable {
    private let merge: LineMerge
    private var table: StreamTable
    /// The lines, those of one stream behind those of another, in the order in which they are written.
    private let lines: [LineMerge.Held]
    /// Where the lines of each stream end.
    private let ends: [Int]
    /// The labels of the streams, in the same order.
    private let labels: [LabelSet]
    private let tail: [UInt8]
    private var written = 0
    private var stream = 0
    private var isBegun = false
    private var isEnded = false

    /// - Parameters:
    ///   - merge: to which nothing is to be added any more.
    ///   - statistics: of all members; nil where none counts.
    ///   - failures: warnings about members that did not answer.
    ///   - warnings: all others.
    public init(
        _ merge: LineMerge, statistics: QueryStatistics? = nil, failures: [String] = [],
        warnings: Set<String> = []
    ) {
        var merge = merge
        let chosen = merge.takeLines()
        var table = StreamTable(merge)
        let numbers = chosen.map { table.number(of: $0) }
        let places = table.places()
        var ends = [Int](repeating: 0, count: places.count)
        for number in numbers { ends[places[number]] += 1 }
        var next = ends
        var sum = 0
        for place in ends.indices {
            next[place] = sum
            sum += ends[place]
            ends[place] = sum
        }
        var lines = chosen
        for (line, number) in zip(chosen, numbers) {
            lines[next[places[number]]] = line
            next[places[number]] += 1
        }
        var labels = table.labels
        for (number, place) in places.enumerated() { labels[place] = table.labels[number] }
        self.lines = lines
        self.ends = ends
        self.labels = labels
        self.table = table
        self.merge = merge
        tail = LokiEnvelope.tail(
            statistics: (statistics ?? QueryStatistics()).returning(lines: lines.count),
            failures: failures, warnings: warnings)
    }

    /// Of lines.
    public var count: Int { lines.count }

    /// Appends the answer until so many bytes are there; false when nothing more is left.
    public mutating func append(to out: inout [UInt8], upTo size: Int = .max) -> Bool {
        if !isBegun {
            isBegun = true
            LokiEnvelope.appendHead(
                .streams, isCategorized: merge.options.isCategorized, to: &out)
        }
        while written < lines.count {
            guard out.count < size else { return true }
            let begins = written == (stream == 0 ? 0 : ends[stream - 1])
            if begins {
                if stream > 0 { out.append(UInt8(ascii: ",")) }
                out.append(contentsOf: "{\"stream\":".utf8)
                LokiText.append(labels[stream], to: &out)
                out.append(contentsOf: ",\"values\":[".utf8)
            } else {
                out.append(UInt8(ascii: ","))
            }
            appendLine(lines[written], to: &out)
            written += 1
            if written == ends[stream] {
                out.append(contentsOf: "]}".utf8)
                stream += 1
            }
        }
        guard !isEnded else { return false }
        isEnded = true
        out.append(contentsOf: "]".utf8)
        out.append(contentsOf: tail)
        out.append(UInt8(ascii: "\n"))
        return false
    }

    private mutating func appendLine(_ line: LineMerge.Held, to out: inout [UInt8]) {
        let page = merge.lines(line)
        let entry = page.entries[Int(line.index)]
        LineText.append(
            entry, of: page,
            labels: merge.options.isCategorized ? table.visibleLabels(of: line) : nil, to: &out)
    }
}

/// One line of an answer.
enum LineText {
    /// - Parameter labels: nil where those of the line are among those of the stream.
    static func append(
        _ entry: LinePage.Entry, of page: LinePage, labels: VisibleLabels?, to out: inout [UInt8]
    ) {
        out.append(contentsOf: "[\"".utf8)
        GoFloat.appendInteger(entry.time, to: &out)
        out.append(contentsOf: "\",\"".utf8)
        out.append(contentsOf: page.line(entry))
        out.append(UInt8(ascii: "\""))
        if let labels {
            out.append(contentsOf: ",{".utf8)
            let key = page.key(entry.labels)
            let metadata = key.prefix(Int(entry.labels.metadataLength))
            let parsed = key.dropFirst(metadata.count)
            if !metadata.isEmpty {
                out.append(contentsOf: "\"structuredMetadata\":".utf8)
                labels.append(metadata, to: &out)
            }
            if !parsed.isEmpty {
                if !metadata.isEmpty { out.append(UInt8(ascii: ",")) }
                out.append(contentsOf: "\"parsed\":".utf8)
                labels.append(parsed, to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "]"))
    }
}
