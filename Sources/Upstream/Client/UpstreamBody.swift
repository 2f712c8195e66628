import GoText
import HTTPTransport

/// The inflated body of an answer. Inflating happens in the reader's task, never on the loop, and in
/// a place of the query that reads.
///
/// One reader; belongs to it.
final class UpstreamBody {
    private var chunks: TransferBody.Iterator
    private var inflater: Inflater?
    /// Bytes that are ready to be read.
    private var plain: [UInt8]?
    /// Whose pages these are; nil for none of a query.
    let work: QueryWork?
    private(set) var inflatedBytes = 0
    /// nil for what is packed in its own way, and so says nothing about compressing.
    let encoding: EncodingPolicy.Encoding?
    /// As the answer names it.
    let contentType: String
    /// Whether the answer has the mark of VictoriaMetrics.
    let isOfVictoriaMetrics: Bool

    /// - Parameters:
    ///   - isRemoteRead: whether the bytes may be a snappy block, which is given on as it is.
    ///   - work: where bytes are inflated.
    /// - Throws: for an encoding that was not asked for.
    init(
        _ response: TransferResponse, limits: InflateLimits, isRemoteRead: Bool = false,
        of work: QueryWork? = nil
    ) throws(UpstreamError.Kind) {
        self.work = work
        chunks = response.body.makeAsyncIterator()
        contentType = response.headers["Content-Type"] ?? ""
        isOfVictoriaMetrics = VictoriaMetrics.isMarked(response.headers)
        switch (response.headers["Content-Encoding"] ?? "").lowercased() {
        case "", "identity":
            encoding = isRemoteRead ? nil : .identity
            inflater = nil
        case "snappy" where isRemoteRead:
            encoding = nil
            inflater = nil
        case "gzip", "x-gzip", "deflate":
            encoding = .gzip
            do throws(InflateError) {
                inflater = try Inflater(limits: limits)
            } catch {
                throw UpstreamError.Kind(error)
            }
        default: throw .malformed("the answer is compressed in a way that was not asked for")
        }
        self.limits = limits
    }

    private let limits: InflateLimits
    private var hasEnded = false

    /// Set when `next` has returned nil.
    var summary: TransferSummary? { chunks.summary }

    /// The next bytes, never none; nil at the end of a whole body.
    func next(
        isolation: isolated (any Actor)? = #isolation
    ) async throws(UpstreamError.Kind) -> [UInt8]? {
        while true {
            if plain != nil { return try ready() }
            if isReady {
                let page = try await QueryWork.page(of: work) { () throws(UpstreamError.Kind) in
                    try ready()
                }
                if let page { return page }
            }
            guard !hasEnded, try await more() else {
                hasEnded = true
                return nil
            }
        }
    }

    /// Whether `ready` may give bytes.
    var isReady: Bool { plain != nil || inflater?.isFed == true }

    /// The next of the bytes that have come, inflated; nil where more must come first.
    func ready() throws(UpstreamError.Kind) -> [UInt8]? {
        if let plain {
            self.plain = nil
            return plain
        }
        do throws(InflateError) {
            guard let page = try inflater?.next() else { return nil }
            inflatedBytes += page.count
            return page
        } catch {
            throw UpstreamError.Kind(error)
        }
    }

    /// Waits until more has come; false at the end of a whole body.
    func more(
        isolation: isolated (any Actor)? = #isolation
    ) async throws(UpstreamError.Kind) -> Bool {
        var iterator = chunks
        let chunk: [UInt8]?
        do throws(TransferError) {
            chunk = try await iterator.next(isolation: isolation)
        } catch {
            throw UpstreamError.Kind(error)
        }
        chunks = iterator
        guard let chunk else {
            try finish()
            return false
        }
        guard inflater == nil else {
            inflater?.feed(chunk)
            return true
        }
        inflatedBytes += chunk.count
        guard inflatedBytes <= limits.maximumBytes else {
            throw UpstreamError.Kind(.tooLarge(limit: limits.maximumBytes))
        }
        if !chunk.isEmpty { plain = chunk }
        return true
    }

    /// Gives bytes back, to be read again.
    func pushBack(_ bytes: [UInt8]) { plain = bytes }

    private func finish() throws(UpstreamError.Kind) {
        do throws(InflateError) {
            try inflater?.finish()
        } catch {
            throw UpstreamError.Kind(error)
        }
    }
}

extension QueryWork {
    /// Runs what a page of a member's answer needs, in a place where it is a query's.
    ///
    /// - Throws: `noTurn` or `cancelled` when there was no place in time.
    static func page<Value>(
        of work: QueryWork?, isolation: isolated (any Actor)? = #isolation,
        _ body: () throws(UpstreamError.Kind) -> Value
    ) async throws(UpstreamError.Kind) -> Value {
        guard let work else { return try body() }
        let start: MonotonicInstant
        do throws(NoTurn) {
            start = try await work.enter(isolation: isolation)
        } catch {
            switch error {
            case .timedOut: throw .noTurn
            case .cancelled: throw .cancelled
            }
        }
        defer { work.leave(since: start) }
        return try body()
    }
}

/// Judges an answer by its first bytes: something else than a Prometheus often answers 200.
enum ContentSniffer {
    static func problem(_ bytes: [UInt8], contentType: String) -> UpstreamError.Kind? {
        let start = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if start == UInt8(ascii: "{") { return nil }
        if start == UInt8(ascii: "<") || contentType.hasPrefix("text/html") {
            return .notPrometheus("the answer is HTML, \(shown(bytes))")
        }
        return .notPrometheus("the answer begins with \(shown(bytes))")
    }

    /// The bytes without the byte order mark of UTF-8 that some servers begin with.
    static func withoutMark(_ bytes: [UInt8]) -> [UInt8] {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    /// The first printable characters, in quotes.
    static func shown(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        for scalar in String(decoding: bytes.prefix(120), as: UTF8.self).unicodeScalars {
            if text.count >= 80 { break }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
                if text.last != " " { text += " " }
            default: text.unicodeScalars.append(scalar)
            }
        }
        while text.last == " " { text.removeLast() }
        return "\"\(text)\""
    }
}

/// Whether a member is asked to compress. Compressing costs a member, and inflating us, far more
/// than a fast link charges for the bytes; on a slow link it is the other way round. So both are
/// measured on large answers, by useful bytes a second, and the loser is tried again ever more
/// rarely.
///
/// Pure; one a member.
struct EncodingPolicy: Sendable, Equatable {
    enum Encoding: Sendable, Equatable {
        case identity, gzip

        var other: Encoding { self == .identity ? .gzip : .identity }
    }

    /// Answers of fewer bytes say nothing about a link.
    static let telling = 256 << 10
    /// What gzip must win by, for the work it makes on both sides.
    static let advantage = 1.25
    private static let longestGap = 1024

    private let isOnLoopback: Bool
    private(set) var identityRate: Double?
    private(set) var gzipRate: Double?
    /// Telling answers until the loser is tried again.
    private var countdown = 4
    private var gap = 16

    init(isOnLoopback: Bool) { self.isOnLoopback = isOnLoopback }

    /// The encoding that is known, or guessed, to be quicker.
    var favourite: Encoding {
        if isOnLoopback { return .identity }
        guard let gzipRate else { return .gzip }
        guard let identityRate else { return .gzip }
        return gzipRate > identityRate * Self.advantage ? .gzip : .identity
    }

    /// What the next request asks for.
    var choice: Encoding {
        if isOnLoopback { return .identity }
        return countdown <= 0 ? favourite.other : favourite
    }

    /// - Parameters:
    ///   - bytes: inflated.
    ///   - time: from the first byte to the last, pauses left out.
    mutating func observe(_ encoding: Encoding, bytes: Int, over time: Duration) {
        guard !isOnLoopback, bytes >= Self.telling, time > .zero else { return }
        let rate = Double(bytes) / (time / .seconds(1))
        let isTrial = encoding != favourite
        switch encoding {
        case .identity: identityRate = Self.blend(identityRate, rate)
        case .gzip: gzipRate = Self.blend(gzipRate, rate)
        }
        if isTrial || countdown <= 0 {
            countdown = gap
            gap = min(gap * 2, Self.longestGap)
        } else {
            countdown -= 1
        }
    }

    private static func blend(_ old: Double?, _ new: Double) -> Double {
        old.map { $0 * 0.7 + new * 0.3 } ?? new
    }
}

/// Lends memory for the answers that one request reads.
public protocol MemoryLender: Sendable {
    /// Returns once so many bytes more may be held.
    ///
    /// - Throws: `.noMemory` when they were not to be had in time, or never will be; `.cancelled`.
    func hold(_ bytes: Int) async throws(UpstreamError)

    /// Says that so many bytes are held, and that nothing more will be asked for.
    func settle(_ bytes: Int)
}

/// Where the memory comes from for answers that are read wholly: lists and documents. Streams of
/// samples are read page by page, and their readers ask for themselves.
public enum Lending {
    /// Of the request that is being answered; nil where its answers are small and not counted.
    @TaskLocal public static var lender: (any MemoryLender)?

    /// What a byte of a document becomes at most while it is read and merged: itself, its decoded
    /// text, and the answer made of it.
    static let perByteRead = 4

    static func hold(_ bytes: Int) async throws(UpstreamError.Kind) {
        guard let lender else { return }
        do throws(UpstreamError) {
            try await lender.hold(bytes)
        } catch {
            throw error.kind
        }
    }
}
