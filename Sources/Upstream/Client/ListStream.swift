public import PrometheusWire

/// A list that was read wholly, or as far as it is wanted, or whose rest still arrives.
public struct UpstreamList: Sendable {
    public var elements: ElementList
    public var warnings: [String]
    public var infos: [String]
    /// Why elements are missing, as the answer says itself; nil of a whole one.
    public var partiality: String?
    /// Whether it was left off behind what is wanted of it.
    public var isCut = false
    /// Gives the rest; what the answer says besides its elements may be behind that. nil where nothing
    /// more is to come.
    public var rest: ListStream?
}

/// The elements of a list as they arrive. An actor, so that inflating and scanning run on the pool.
/// Not reading makes the member wait; dropping the stream ends the transfer.
public actor ListStream {
    /// What a rest takes that is read while it is merged, in bytes: a part that is merged, the next one,
    /// and what they are made of.
    public static let restBytes = 6 * partBytes
    /// About what the elements of a part take.
    private static let partBytes = 64 << 10

    /// Elements that came together, and what is known of the list.
    public struct Part: Sendable {
        /// Sorted.
        public var elements: ElementList
        /// Whether the list was in order until now.
        public var isOrdered: Bool
    }

    private let call: UpstreamCall
    /// nil once nothing more is wanted.
    private var body: UpstreamBody?
    private var scanner: DataListScanner
    private var selection = SeriesSelection()
    private var lent = 0
    private var isEnded = false

    init(_ answer: sending UpstreamClient.Answer, scanner: sending DataListScanner) {
        call = answer.call
        body = answer.body
        self.scanner = scanner
    }

    /// Some elements, maybe none; nil at the end of a whole answer.
    func nextElements() async throws(UpstreamError) -> ElementList? {
        try await read() ? scanner.takeElements() : nil
    }

    /// The list, sorted, as far as it is wanted, or of one that is too long as much as shows that.
    func collect(_ selection: SeriesSelection) async throws(UpstreamError) -> UpstreamList {
        self.selection = selection
        var isRest = false
        while !isEnough, !isRest, try await read() {
            isRest = selection.heldBytes.map { $0 <= scanner.elementBytes } ?? false
            isRest = isRest && scanner.isOrdered && !isEnough && !isEnded
        }
        var list = list(of: scanner.takeElements())
        list.isCut = isCut
        guard isRest else { return list }
        do throws(UpstreamError.Kind) {
            try await Lending.hold(Self.restBytes)
        } catch {
            throw call.failed(error)
        }
        list.rest = self
        return list
    }

    /// The next elements of a rest; nil where no more are wanted or to come.
    ///
    /// - Throws: `UpstreamError`. What was given before is of a member that has failed.
    public func next() async throws(UpstreamError) -> Part? {
        while !isEnough, scanner.elementBytes < Self.partBytes, try await read() {}
        let elements = scanner.takeElements()
        if scanner.count > selection.maximum, !isCut {
            throw UpstreamError(kind: .moreElements(than: selection.maximum))
        }
        if elements.isEmpty { return nil }
        return Part(elements: elements, isOrdered: scanner.isOrdered)
    }

    /// Ends the transfer, as nothing more is wanted.
    public func close() { body = nil }

    /// What the answer said besides its elements until now, without any.
    public func notes() -> UpstreamList { list(of: ElementList([])) }

    /// Elements with what stood beside them in the answer.
    func list(of elements: ElementList) -> UpstreamList {
        UpstreamList(
            elements: elements, warnings: scanner.warnings, infos: scanner.infos,
            partiality: Partiality.cause(isPartial: scanner.isPartial, warnings: scanner.warnings))
    }

    private var isEnough: Bool { scanner.count > selection.maximum || isCut }

    /// Whether the list goes on behind what is wanted of it.
    private var isCut: Bool {
        guard selection.cutsAtLimit, let limit = selection.limit, limit > 0 else { return false }
        return scanner.isOrdered && scanner.settled >= limit
    }

    /// Reads on; false at the end of a whole answer.
    private func read() async throws(UpstreamError) -> Bool {
        do throws(UpstreamError.Kind) {
            return try await readChunk()
        } catch {
            throw call.failed(error)
        }
    }

    private func readChunk() async throws(UpstreamError.Kind) -> Bool {
        guard !isEnded, let body else { return false }
        let bytes = try await body.next()
        do throws(ScanError) {
            if let bytes {
                try scanner.append(bytes)
            } else {
                try scanner.finish()
                isEnded = true
                call.succeeded(body)
            }
        } catch {
            throw UpstreamError.Kind(error)
        }
        let held = scanner.heldBytes
        if held > lent {
            try await Lending.hold(held - lent)
            lent = held
        }
        return true
    }
}

extension UpstreamError.Kind {
    /// A list has more elements than are taken.
    public static func moreElements(than maximum: Int) -> Self {
        .oversized("more than \(maximum) elements (limits.maxSeries)")
    }
}
