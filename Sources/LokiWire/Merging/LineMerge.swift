public import TimeSeries

/// Merges the lines of several members into the first `limit` of all, in order of time. Lines of the
/// same nanosecond are in the order of the members, then in the one in which the member sent them.
///
/// An answer lists its lines by stream, and each stream anew from the beginning of time: the last
/// stream of the last member may begin with the first line of all. So nothing can be given before
/// everything was read, and the lines that are to be given must be held until then: `limit` of them,
/// however many members send how many. Lines that cannot be among them any more are let go as they
/// come, or soon after; at most a quarter more than `limit` (and a thousand) are held, and their bytes
/// are bounded on their own.
public struct LineMerge: Sendable {
    public struct Options: Sendable {
        public var direction: LogDirection
        /// Lines of the answer, at most; above zero.
        public var limit: Int
        /// Between lines of the answer, at least; zero for all. The limit comes first: of the first
        /// `limit` lines those are left out that follow too closely.
        public var interval: Duration
        /// Whether the client wants to know which labels of a line are structured metadata and which
        /// were parsed. Otherwise all of them are among the labels of streams.
        public var isCategorized: Bool
        /// What the lines may take, in bytes. The pages that they came in may take twice as much.
        public var maximumBytes: Int

        public init(
            direction: LogDirection, limit: Int, interval: Duration = .zero,
            isCategorized: Bool, maximumBytes: Int
        ) {
            self.direction = direction
            self.limit = max(1, limit)
            self.interval = interval
            self.isCategorized = isCategorized
            self.maximumBytes = maximumBytes
        }
    }

    /// A line, and where it is.
    struct Held: Comparable, Sendable {
        /// By which lines are in order in either direction.
        var rank: Int64
        var member: Int32
        /// Among those of the member.
        var sequence: UInt32
        var page: Int32
        var index: Int32

        static func < (a: Held, b: Held) -> Bool {
            if a.rank != b.rank { return a.rank < b.rank }
            return a.member == b.member ? a.sequence < b.sequence : a.member < b.member
        }

        static func == (a: Held, b: Held) -> Bool { !(a < b) && !(b < a) }
    }

    private struct Page {
        var lines: LinePage
        var live: Int
        var bytes: Int
    }

    private struct Member {
        var streams: [Int32: LabelSet] = [:]
        var newestStream: Int32 = 0
        var lines: UInt32 = 0
    }

    let options: Options
    let injections: [LabelInjection]
    private var members: [Member]
    private var pages: [Page?] = []
    /// Places of pages that are gone.
    private var unused: [Int] = []
    private var held: [Held] = []
    /// Behind it no line is wanted; nil until there are enough.
    private var worst: Held?
    private var pageBytes = 0
    private var liveBytes = 0
    private var streamBytes = 0

    /// - Parameter injections: what each member's streams get, in the order of the members.
    public init(members injections: [LabelInjection], options: Options) {
        self.options = options
        self.injections = injections
        members = injections.map { _ in Member() }
    }

    /// What it takes, in bytes.
    public var heldBytes: Int {
        pageBytes + streamBytes + held.capacity * MemoryLayout<Held>.stride
    }

    /// Lines that are held.
    var heldCount: Int { held.count }

    /// Takes lines of a member.
    ///
    /// - Throws: `tooLarge` where the lines that must be held take more than they may.
    public mutating func add(_ page: LinePage, of member: Int) throws(LokiAnswerError) {
        for stream in page.streams {
            streamBytes += stream.heldBytes
            members[member].streams[stream.number] = stream.labels
            members[member].newestStream = stream.number
        }
        take(page, of: member)
        if held.count > options.limit + max(1000, options.limit / 4) || isTooLarge {
            select()
            pruneStreams()
        }
        // A page is held as a whole while one of its lines is.
        if pageBytes > 2 * liveBytes + 1 << 20 { compact() }
        guard isTooLarge else { return }
        throw .tooLarge("the lines take more than \(options.maximumBytes) bytes")
    }

    private var isTooLarge: Bool { liveBytes + streamBytes > options.maximumBytes }

    private mutating func take(_ lines: LinePage, of member: Int) {
        guard lines.count > 0 else { return }
        let number = unused.popLast() ?? pages.count
        if number == pages.count { pages.append(nil) }
        var page = Page(lines: lines, live: 0, bytes: lines.heldBytes)
        let isBackward = options.direction == .backward
        for (index, entry) in lines.entries.enumerated() {
            members[member].lines &+= 1
            let line = Held(
                rank: isBackward ? ~entry.time : entry.time, member: Int32(member),
                sequence: members[member].lines, page: Int32(number), index: Int32(index))
            if let worst, worst < line { continue }
            held.append(line)
            page.live += 1
            liveBytes += LinePage.cost(entry)
        }
        guard page.live > 0 else {
            unused.append(number)
            return
        }
        page.lines.streams = []
        pageBytes += page.bytes
        pages[number] = page
    }

    // MARK: - Letting go

    /// Lets all lines go but the first `limit`, which are in order afterwards.
    private mutating func select() {
        held.sort()
        guard held.count >= options.limit else { return }
        for line in held[options.limit...] { letGo(line) }
        held.removeSubrange(options.limit...)
        worst = held.last
    }

    private mutating func letGo(_ line: Held) {
        let number = Int(line.page)
        guard let page = pages[number] else { return }
        liveBytes -= LinePage.cost(page.lines.entries[Int(line.index)])
        pages[number]?.live -= 1
        if page.live == 1 {
            pageBytes -= page.bytes
            pages[number] = nil
            unused.append(number)
        }
    }

    /// Lets the labels go of streams no line of which is held and none can come.
    private mutating func pruneStreams() {
        var used = [Set<Int32>](repeating: [], count: members.count)
        for line in held {
            used[Int(line.member)].insert(entry(line).stream)
        }
        streamBytes = 0
        for index in members.indices {
            let newest = members[index].newestStream
            members[index].streams = members[index].streams.filter {
                $0.key == newest || used[index].contains($0.key)
            }
            for (number, labels) in members[index].streams {
                streamBytes += LinePage.Stream(number: number, labels: labels).heldBytes
            }
        }
    }

    /// Moves the lines that are held into pages that hold nothing else.
    private mutating func compact() {
        var packed: [Page?] = []
        var page = LinePage()
        var bytes = 0
        func close() {
            guard page.count > 0 else { return }
            let heldBytes = page.heldBytes
            bytes += heldBytes
            packed.append(Page(lines: page, live: page.count, bytes: heldBytes))
            page = LinePage()
        }
        for index in held.indices {
            let old = lines(held[index])
            var entry = old.entries[Int(held[index].index)]
            let size = LinePage.cost(entry)
            if page.bytes.count + size > page.bytes.capacity {
                close()
                page.bytes.reserveCapacity(max(1 << 18, size))
            }
            let line = old.line(entry)
            entry.lineOffset = page.bytes.count
            page.bytes.append(contentsOf: line)
            if !entry.labels.isEmpty {
                let labels = old.key(entry.labels)
                entry.labels.offset = page.bytes.count
                page.bytes.append(contentsOf: labels)
            }
            held[index].page = Int32(packed.count)
            held[index].index = Int32(page.count)
            page.entries.append(entry)
        }
        close()
        pages = packed
        unused = []
        pageBytes = bytes
    }

    // MARK: - Giving

    /// The lines of the answer, in order.
    mutating func takeLines() -> [Held] {
        select()
        let interval = options.interval.clampedNanoseconds
        guard interval > 0 else { return held }
        var last: LogTime?
        return held.filter { line in
            let time = LogTime(nanoseconds: entry(line).time)
            if let last {
                let (earlier, later) = (min(last, time), max(last, time))
                if later.nanoseconds(since: earlier) < interval { return false }
            }
            last = time
            return true
        }
    }

    func lines(_ line: Held) -> LinePage { pages[Int(line.page)]?.lines ?? LinePage() }

    func entry(_ line: Held) -> LinePage.Entry { lines(line).entries[Int(line.index)] }

    /// A stream as its member has it.
    func stream(_ number: Int32, of member: Int32) -> LabelSet {
        members[Int(member)].streams[number] ?? .empty
    }
}
