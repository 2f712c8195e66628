/// `load <step>`: series to add.
public struct LoadCommand: Sendable {
    /// A series, with a start time offset for each point (ms, relative to the point's time; nil
    /// where the point has none), or without any.
    public struct Entry: Sendable {
        public var series: SeriesDescription
        public var startOffsets: [Int64?]
    }

    /// From 1.
    public var line: Int
    /// Milliseconds between points; the first point stands at 0.
    public var step: Int64
    /// Classic histograms are also stored as native ones with custom buckets.
    public var addsCustomHistograms: Bool
    public var entries: [Entry] = []

    /// Reads the lines after the command's own, up to the first empty one.
    init(_ line: ScriptLine, _ lines: inout ScriptLines) throws(ScriptSyntaxError) {
        self.line = line.number
        let words = line.text.split(maxSplits: 1) { $0.isWhitespace }
        guard words.count == 2, words[0] == "load" || words[0] == "load_with_nhcb" else {
            throw line.error("a load command is written load[_with_nhcb] <step>")
        }
        addsCustomHistograms = words[0] == "load_with_nhcb"
        step = try line.reading { () throws(NotationError) in
            try DurationNotation.milliseconds(ScriptLines.trimmed(words[1]))
        }
        var defaults: [Int64?] = []
        var pending: (labels: SeriesDescription, offsets: [Int64?], line: ScriptLine)?
        while let next = lines.nextLine() {
            if StartTimeNotation.isStartTimeLine(next.text) {
                if let pending { throw pending.line.error("@st line has no following sample line") }
                let read = try next.reading { () throws(NotationError) in
                    try StartTimeNotation.read(next.text)
                }
                if read.metric.isEmpty {
                    defaults = read.offsets
                } else {
                    let labels = try next.reading { () throws(NotationError) in
                        try SeriesNotation.read(read.metric)
                    }
                    pending = (labels, read.offsets, next)
                }
                continue
            }
            let series = try next.reading { () throws(NotationError) in
                try SeriesNotation.read(next.text)
            }
            var offsets: [Int64?] = []
            if let pending {
                guard pending.labels.labels == series.labels else {
                    throw pending.line.error("@st metric is not that of the following line")
                }
                guard pending.offsets.count == series.values.count else {
                    throw pending.line.error(
                        "@st line has \(pending.offsets.count) values but sample line has "
                            + "\(series.values.count)")
                }
                offsets = pending.offsets
            } else if !defaults.isEmpty {
                offsets = series.values.indices.map { defaults[$0 % defaults.count] }
            }
            pending = nil
            entries.append(Entry(series: series, startOffsets: offsets))
        }
        if let pending { throw pending.line.error("@st line has no following sample line") }
    }
}
