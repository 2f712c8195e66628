import PrometheusAPI

/// The elements of a list, in the order of arrival, as they arrive. An actor, so that inflating and
/// scanning run on the pool. Not reading makes the member wait; dropping the stream ends the
/// transfer.
public actor ListStream<Element: Sendable> {
    private let call: MemberCall
    private let body: MemberBody
    private var scanner: DataListScanner<Element>
    private var isEnded = false
    private var failure: MemberFailure?

    init(_ answer: sending MemberClient.Answer, scanner: sending DataListScanner<Element>) {
        call = answer.call
        body = answer.body
        self.scanner = scanner
    }

    /// Of the whole answer; complete when `next` has returned nil.
    public var warnings: [String] { scanner.warnings }
    public var infos: [String] { scanner.infos }
    /// Why elements are missing, as the answer says itself; nil of a whole one.
    public var partiality: String? {
        Partiality.cause(isPartial: scanner.isPartial, warnings: scanner.warnings)
    }

    /// The next elements, never none; nil at the end of a whole answer.
    ///
    /// - Throws: `MemberFailure`, on every later call too.
    public func next() async throws(MemberFailure) -> [Element]? {
        if let failure { throw failure }
        do throws(MemberFailure.Kind) {
            return try await read()
        } catch {
            let failure = call.failed(error)
            self.failure = failure
            throw failure
        }
    }

    /// The rest of the list.
    public func collect() async throws(MemberFailure) -> MemberList<Element> {
        var all: [Element] = []
        while let some = try await next() { all += some }
        return MemberList(
            elements: all, warnings: warnings, infos: infos, partiality: partiality)
    }

    private func read() async throws(MemberFailure.Kind) -> [Element]? {
        while !isEnded {
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
                throw MemberFailure.Kind(error)
            }
            let some = scanner.takeElements()
            if !some.isEmpty { return some }
        }
        return nil
    }
}

/// A list that was read wholly.
public struct MemberList<Element: Sendable>: Sendable {
    public var elements: [Element]
    public var warnings: [String]
    public var infos: [String]
    /// Why elements are missing, as the answer says itself; nil of a whole one.
    public var partiality: String?

    public init(
        elements: [Element] = [], warnings: [String] = [], infos: [String] = [],
        partiality: String? = nil
    ) {
        self.elements = elements
        self.warnings = warnings
        self.infos = infos
        self.partiality = partiality
    }
}
