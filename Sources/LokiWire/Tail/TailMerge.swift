import GoText
public import TimeSeries

/// Follows the lines of several members by asking each of them again and again for those of the time
/// since it was asked last.
///
/// Lines are asked for when they are as old as they are held back, so that a line which comes late, but
/// not later than that, is among them, and each window is asked for once. First comes the past: the
/// last lines before now, of all members together. Lines of several members are given in order of time,
/// as far as all have answered; one that failed holds up none of the others, and its lines come when
/// it answers again.
public struct TailMerge: Sendable {
    /// What a member is to be asked.
    public struct Question: Sendable, Equatable {
        public var bounds: LogBounds
        public var limit: Int
        public var direction: LogDirection

        /// - Parameter query: in the member's own labels.
        public func memberParameters(query: String) -> [(name: String, value: String)] {
            [("query", query)] + bounds.memberParameters
                + [("limit", String(limit)), ("direction", direction.rawValue)]
        }
    }

    public struct Options: Sendable {
        /// Whether the client wants to know which labels of a line are structured metadata and which
        /// were parsed.
        public var isCategorized: Bool
        /// Lines that a member is asked for at once.
        public var linesOfQuestion: Int
        /// Of lines that were not given yet. Beyond it, none but the members that hold up the others
        /// are asked.
        public var maximumBytes: Int

        public init(
            isCategorized: Bool, linesOfQuestion: Int = 5000, maximumBytes: Int = 16 << 20
        ) {
            self.isCategorized = isCategorized
            self.linesOfQuestion = max(1, linesOfQuestion)
            self.maximumBytes = maximumBytes
        }
    }

    private struct Member {
        let injection: LabelInjection
        /// Where the next window begins.
        var next: LogTime
        /// The lines of that nanosecond which were given already.
        var remembered: Set<[UInt8]> = []
        /// Before it all lines are here.
        var settled: LogTime
        /// The question that was not answered yet.
        var asked: Question?
        var hasPast = false
        var hasFailed = false
    }

    private struct Line: Comparable {
        var time: Int64
        var member: Int
        var sequence: Int
        /// An element of `streams`.
        var text: [UInt8]

        static func < (a: Line, b: Line) -> Bool {
            (a.time, a.member, a.sequence) < (b.time, b.member, b.sequence)
        }
    }

    /// Of one frame.
    private static let maximumLines = 1000
    private static let maximumFrame = 1 << 20

    private let options: Options
    private let parameters: TailParameters
    private let holdBack: Duration
    /// Where the past ends.
    private let beginning: LogTime
    private var members: [Member]
    private var lines: [Line] = []
    private var sequence = 0
    private var isPastGiven = false
    /// What the lines take that were not given yet, in bytes.
    public private(set) var heldBytes = 0

    /// - Parameters:
    ///   - injections: what each member's streams get, in the order of the members.
    ///   - now: until when lines are of the past.
    public init(
        members injections: [LabelInjection], parameters: TailParameters, options: Options,
        now: LogTime
    ) {
        self.options = options
        self.parameters = parameters
        holdBack = parameters.delay + .seconds(1)
        let beginning = max(now - holdBack, parameters.start)
        self.beginning = beginning
        members = injections.map {
            Member(
                injection: $0, next: parameters.start, settled: parameters.start,
                hasPast: beginning == parameters.start)
        }
    }

    // MARK: - Asking

    /// What a member is to be asked now; nil while it has not answered what it was asked before, where
    /// there is nothing to ask yet, and where it is too far ahead of others.
    ///
    /// The question is to be answered with `add`, or with `fail`.
    public mutating func question(to index: Int, at now: LogTime) -> Question? {
        let member = members[index]
        guard member.asked == nil else { return nil }
        let question: Question
        if member.hasPast {
            let end = now - holdBack
            guard end > member.next else { return nil }
            if heldBytes > options.maximumBytes, member.settled > settled { return nil }
            question = Question(
                bounds: LogBounds(start: member.next, end: end), limit: options.linesOfQuestion,
                direction: .forward)
        } else {
            question = Question(
                bounds: LogBounds(start: parameters.start, end: beginning),
                limit: parameters.limit, direction: .backward)
        }
        members[index].asked = question
        return question
    }

    /// Takes the answer of a member: all pages of it.
    public mutating func add(_ pages: [LinePage], of index: Int) {
        guard let question = members[index].asked else { return }
        members[index].asked = nil
        members[index].hasFailed = false
        var streams: [Int32: VisibleLabels] = [:]
        var found: [Line] = []
        for page in pages {
            for stream in page.streams {
                streams[stream.number] = VisibleLabels(stream.labels, members[index].injection)
            }
        }
        for page in pages {
            for entry in page.entries {
                guard let labels = streams[entry.stream] else { continue }
                sequence += 1
                // Backward, the newer one of two lines comes first.
                let order = question.direction == .forward ? sequence : -sequence
                found.append(
                    Line(
                        time: entry.time, member: index, sequence: order,
                        text: text(of: entry, in: page, labels)))
            }
        }
        settle(index, question, found.sorted())
    }

    /// Notes that a member did not answer. It is asked the same again, but for the past, which then is
    /// left out.
    public mutating func fail(_ index: Int) {
        guard let question = members[index].asked else { return }
        members[index].asked = nil
        members[index].hasFailed = true
        if !members[index].hasPast {
            members[index].hasPast = true
            members[index].next = question.bounds.end
        }
    }

    private mutating func settle(_ index: Int, _ question: Question, _ found: [Line]) {
        let fresh = found.filter { line in
            line.time != members[index].next.nanoseconds
                || !members[index].remembered.contains(line.text)
        }
        for line in fresh { heldBytes += line.text.count }
        lines += fresh
        let wasFull = question.direction == .forward && found.count >= question.limit
        members[index].hasPast = true
        guard wasFull, let last = found.last else {
            members[index].next = question.bounds.end
            members[index].settled = question.bounds.end
            members[index].remembered = []
            return
        }
        // There may be more, of the last nanosecond too. Where that is all, it is passed over: no
        // question could tell its other lines from these.
        let time = LogTime(nanoseconds: last.time)
        let isStuck = fresh.isEmpty && time == members[index].next
        let next = isStuck ? time + .nanoseconds(1) : time
        let same = found.filter { $0.time == last.time }.map(\.text)
        members[index].remembered =
            isStuck
            ? []
            : (time == members[index].next ? members[index].remembered : [])
                .union(same)
        members[index].next = next
        members[index].settled = next
    }

    // MARK: - Giving

    /// Before it all lines are here, of all members that answer.
    private var settled: LogTime {
        members.lazy.filter { !$0.hasFailed }.map(\.settled).min() ?? .max
    }

    /// The next frame, of a bounded size; nil where nothing can be given before some member answers.
    public mutating func frame() -> [UInt8]? {
        if !isPastGiven {
            guard members.allSatisfy({ $0.hasPast }) else { return nil }
            isPastGiven = true
            lines.sort()
            let past = lines.filter { $0.time < beginning.nanoseconds }
            for line in past.dropLast(parameters.limit) { heldBytes -= line.text.count }
            lines.removeFirst(max(0, past.count - parameters.limit))
        }
        lines.sort()
        let bound = settled.nanoseconds
        var out = Array("{\"streams\":[".utf8)
        var count = 0
        for line in lines.prefix(Self.maximumLines) {
            guard line.time < bound, out.count < Self.maximumFrame else { break }
            if count > 0 { out.append(UInt8(ascii: ",")) }
            out.append(contentsOf: line.text)
            heldBytes -= line.text.count
            count += 1
        }
        guard count > 0 else { return nil }
        lines.removeFirst(count)
        out.append(UInt8(ascii: "]"))
        if options.isCategorized {
            out.append(
                contentsOf: ",\"encodingFlags\":[\"\(LogEncoding.categorizeLabels)\"]".utf8)
        }
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// One line as an element of a frame: Loki writes no two lines into one.
    private func text(
        of entry: LinePage.Entry, in page: LinePage, _ labels: VisibleLabels
    ) -> [UInt8] {
        var out = Array("{\"stream\":".utf8)
        let sets = page.labelSets(entry.labels)
        LokiText.append(
            options.isCategorized ? labels.stream : labels.flat(sets.metadata, sets.parsed),
            to: &out)
        out.append(contentsOf: ",\"values\":[".utf8)
        LineText.append(entry, of: page, labels: options.isCategorized ? labels : nil, to: &out)
        out.append(contentsOf: "]}".utf8)
        return out
    }
}
