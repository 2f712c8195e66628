import GoText
import TimeSeries

/// The labels of a member's stream and of its lines as the union has them.
///
/// Labels of streams make room for those that are added, as everywhere: an own `project` becomes
/// `exported_project`. Structured metadata and what was parsed give way to labels of the stream: a
/// parsed `project` becomes `project_extracted`, for the union's streams have a `project`.
struct VisibleLabels {
    /// Of the stream.
    let stream: LabelSet
    /// The names, escaped as in keys, that streams of the union have and those of the member do not.
    private let taken: [[UInt8]]

    init(_ stream: LabelSet, _ injection: LabelInjection) {
        self.stream = injection.injecting(into: stream)
        var taken = injection.names
        for range in stream.ranges {
            let name = stream.key[range.name]
            if injection.renames(name) { taken.append(Array(injection.visibleName(of: name))) }
        }
        self.taken = taken
    }

    /// Structured metadata, or what was parsed.
    func line(_ labels: LabelSet) -> LabelSet {
        guard labels.ranges.contains(where: { isTaken(labels.key[$0.name]) }) else { return labels }
        return LabelSet(
            labels.pairs.map { pair in
                (
                    name: isTaken(Array(pair.name.utf8)[...])
                        ? pair.name + "_extracted" : pair.name,
                    value: pair.value
                )
            })
    }

    /// Appends structured metadata, or what was parsed, of which the key is given.
    func append(_ key: ArraySlice<UInt8>, to out: inout [UInt8]) {
        if hasTaken(key) {
            LokiText.append(line(LabelSet(key: Array(key))), to: &out)
        } else {
            LokiText.append(labelsInKey: key, to: &out)
        }
    }

    private func hasTaken(_ key: ArraySlice<UInt8>) -> Bool {
        var start = key.startIndex
        var isName = true
        for end in key.indices where key[end] == 0 {
            if isName, isTaken(key[start..<end]) { return true }
            start = end + 1
            isName.toggle()
        }
        return false
    }

    /// The labels of the stream, structured metadata and what was parsed, together.
    func flat(_ metadata: LabelSet, _ parsed: LabelSet) -> LabelSet {
        if metadata.isEmpty, parsed.isEmpty { return stream }
        return LabelSet(stream.pairs + line(metadata).pairs + line(parsed).pairs)
    }

    private func isTaken(_ name: ArraySlice<UInt8>) -> Bool {
        taken.contains { $0.count == name.count && $0.elementsEqual(name) }
    }
}

/// The streams of an answer.
struct StreamTable {
    /// Where a line's stream is, before its labels are known.
    private struct Origin: Hashable {
        var member: Int32
        var stream: Int32
        /// Of the line, as keys; empty where they are not among those of the stream.
        var labels: ArraySlice<UInt8>

        func hash(into hasher: inout Hasher) {
            hasher.combine(
                UInt64(UInt32(bitPattern: member)) << 32 | UInt64(UInt32(bitPattern: stream)))
            // In one run over the bytes; the slice's own hash takes them one by one.
            if !labels.isEmpty { labels.withUnsafeBytes { hasher.combine(bytes: $0) } }
        }
    }

    private let merge: LineMerge
    private var visible: [Origin: VisibleLabels] = [:]
    /// Lines are written by stream, so the next one mostly has the same.
    private var last: (member: Int32, stream: Int32, labels: VisibleLabels)?
    private var numbers: [Origin: Int] = [:]
    private var byLabels: [LabelSet: Int] = [:]
    private(set) var labels: [LabelSet] = []

    init(_ merge: LineMerge) { self.merge = merge }

    /// The number of the stream that a line is in.
    mutating func number(of line: LineMerge.Held) -> Int {
        let page = merge.lines(line)
        let entry = page.entries[Int(line.index)]
        let isFlat = !merge.options.isCategorized
        let origin = Origin(
            member: line.member, stream: entry.stream, labels: isFlat ? page.key(entry.labels) : [])
        if let number = numbers[origin] { return number }
        let visible = visibleLabels(of: line)
        let sets = page.labelSets(entry.labels)
        let labels = isFlat ? visible.flat(sets.metadata, sets.parsed) : visible.stream
        let number = byLabels[labels] ?? self.labels.count
        if number == self.labels.count {
            byLabels[labels] = number
            self.labels.append(labels)
        }
        numbers[origin] = number
        return number
    }

    /// The labels of the stream and the line, as the union has them.
    mutating func visibleLabels(of line: LineMerge.Held) -> VisibleLabels {
        let number = merge.entry(line).stream
        if let last, last.stream == number, last.member == line.member { return last.labels }
        let origin = Origin(member: line.member, stream: number, labels: [])
        let found =
            visible[origin]
            ?? VisibleLabels(
                merge.stream(number, of: line.member), merge.injections[Int(line.member)])
        visible[origin] = found
        last = (line.member, number, found)
        return found
    }

    /// The places of the streams in the answer, by their numbers: in the order of their texts.
    func places() -> [Int] {
        let texts = labels.map { Array($0.quotedText.utf8) }
        let order = texts.indices.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
        var places = [Int](repeating: 0, count: order.count)
        for (place, number) in order.enumerated() { places[number] = place }
        return places
    }
}
