import GoText
import TimeSeries

/// What a member answered at consecutive steps, as gateways keep it for one another:
///
///     magic "TRBX", version, type, two zeros          8 bytes
///     length of the whole, length of the text         2 × 4
///     digest of the key                               32
///     from, through, asked, widest, in milliseconds   4 × 8
///     the series as JSON, with commas, as a snappy block
///     seal: a hash of all before it, or a signature   32
///
/// Numbers are little-endian. Other programs can write to the server that keeps blocks. So the series are
/// read by the scanner that reads answers of members, and every field is checked.
public struct ExtentBlock: Sendable {
    public static let headLength = 80
    public static let digestLength = 32
    private static let sealLength = 32
    private static let magic = Array("TRBX".utf8)
    /// Of this description, and of what a key's digest is made of.
    public static let version: UInt8 = 1
    /// Times and lengths that can be added to one another.
    private static let longest: Int64 = 1 << 52

    /// What is known of a block before all of it is here. It is not to be trusted until then.
    public struct Head: Sendable, Equatable {
        /// Bytes of the whole block, and of its text.
        public var length: Int
        public var textLength: Int
        public var from: Timestamp
        public var through: Timestamp
        public var asked: Timestamp
        public var widest: Milliseconds
        fileprivate var type: ResponseScanner.ResultType

        /// nil for what is no block of this version and key.
        public init?(_ bytes: [UInt8], digest: [UInt8]) {
            guard bytes.count >= headLength, digest.count == digestLength,
                bytes.starts(with: ExtentBlock.magic), bytes[4] == ExtentBlock.version,
                bytes[6] == 0, bytes[7] == 0, bytes[16..<48] == digest[...]
            else { return nil }
            switch bytes[5] {
            case 0: type = .matrix
            case 1: type = .vector
            default: return nil
            }
            func number(at start: Int, _ count: Int) -> UInt64 {
                bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            length = Int(number(at: 8, 4))
            textLength = Int(number(at: 12, 4))
            let times = [48, 56, 64, 72].map { Int64(bitPattern: number(at: $0, 8)) }
            guard length >= headLength + ExtentBlock.sealLength,
                times.allSatisfy({ $0.magnitude < UInt64(ExtentBlock.longest) }),
                times[0] <= times[1], times[3] >= 0
            else { return nil }
            from = Timestamp(milliseconds: times[0])
            through = Timestamp(milliseconds: times[1])
            asked = Timestamp(milliseconds: times[2])
            widest = Milliseconds(times[3])
        }
    }

    public var from: Timestamp
    public var through: Timestamp
    /// When the member was asked, of the oldest part.
    public var asked: Timestamp
    public var widest: Milliseconds
    public var type: ResponseScanner.ResultType
    /// Of a range, in the order of their keys.
    public var pages: [SeriesPage]

    public init(
        from: Timestamp, through: Timestamp, asked: Timestamp, widest: Milliseconds,
        type: ResponseScanner.ResultType, pages: [SeriesPage]
    ) {
        self.from = from
        self.through = through
        self.asked = asked
        self.widest = widest
        self.type = type
        self.pages = pages
    }

    // MARK: - Writing

    /// - Parameters:
    ///   - digest: of the key, 32 bytes.
    ///   - limit: bytes of the text and of the whole.
    ///   - seal: makes the 32 bytes that vouch for all others.
    /// - Returns: nil for one that is too long.
    public func bytes(
        digest: [UInt8], limit: Int, seal: (ArraySlice<UInt8>) -> [UInt8]
    ) -> [UInt8]? {
        var text: [UInt8] = []
        text.reserveCapacity(pages.reduce(0) { $0 + $1.bytes.count })
        for page in pages {
            for series in page.series {
                if !text.isEmpty { text.append(UInt8(ascii: ",")) }
                text += page.bytes[series.element]
            }
        }
        guard text.count <= limit, let block = try? SnappyBlock.compress(text) else { return nil }
        let length = Self.headLength + block.count + Self.sealLength
        guard length <= min(limit, Int(UInt32.max)), digest.count == Self.digestLength else {
            return nil
        }
        var out = Self.magic + [Self.version, type == .matrix ? 0 : 1, 0, 0]
        out.reserveCapacity(length)
        func append(_ number: UInt64, _ count: Int) {
            for index in 0..<count { out.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
        }
        append(UInt64(length), 4)
        append(UInt64(text.count), 4)
        out += digest
        for number in [from.milliseconds, through.milliseconds, asked.milliseconds, widest.count] {
            append(UInt64(bitPattern: number), 8)
        }
        out += block
        out += seal(out[...])
        return out
    }

    // MARK: - Reading

    /// nil for bytes that are not exactly a block of the key, with a seal that fits, whose series are
    /// a member's answer at its steps.
    ///
    /// - Parameters:
    ///   - digest: of the key, 32 bytes.
    ///   - type: what the answer must be.
    ///   - step: of the key; 0 of an instant.
    ///   - limit: bytes of the text and of the whole.
    ///   - isSealed: whether the last bytes vouch for all others.
    public init?(
        _ bytes: [UInt8], digest: [UInt8], type: ResponseScanner.ResultType, step: Milliseconds,
        limit: Int, isSealed: (_ bytes: ArraySlice<UInt8>, _ seal: ArraySlice<UInt8>) -> Bool
    ) {
        guard let head = Head(bytes, digest: digest), head.length == bytes.count,
            head.type == type, head.length <= limit, head.textLength <= limit
        else { return nil }
        let end = bytes.count - Self.sealLength
        guard isSealed(bytes[..<end], bytes[end...]) else { return nil }
        let length = head.through - head.from
        guard step > 0 ? length.count % step.count == 0 : step == 0 && length == 0,
            let text = try? SnappyBlock.uncompress(
                Array(bytes[Self.headLength..<end]), limit: head.textLength),
            text.count == head.textLength,
            let pages = Self.pages(
                of: text, type, on: StepGrid(start: head.from, end: head.through, step: step))
        else { return nil }
        self.init(
            from: head.from, through: head.through, asked: head.asked, widest: head.widest,
            type: type, pages: pages)
    }

    /// Bytes that the scanner is given at a time, which it keeps a copy of.
    private static let piece = 64 << 10

    private static func pages(
        of text: [UInt8], _ type: ResponseScanner.ResultType, on grid: StepGrid
    ) -> [SeriesPage]? {
        var scanner = ResponseScanner(on: grid, expecting: type)
        var pages: [SeriesPage] = []
        do throws(ScanError) {
            try scanner.append(
                Array(
                    #"{"status":"success","data":{"resultType":"\#(type.rawValue)","result":["#.utf8
                ))
            for start in stride(from: 0, to: text.count, by: piece) {
                try scanner.append(text[start..<min(text.count, start + piece)])
                pages += scanner.takePages()
            }
            try scanner.append(Array("]}}".utf8))
            let trailer = try scanner.finish()
            pages += scanner.takePages()
            guard trailer.resultType == type.rawValue, trailer.isPlain else { return nil }
        } catch {
            return nil
        }
        return grid.isInstant || isOrdered(pages) ? pages : nil
    }

    /// Whether the keys ascend, as those that joins of answers go by.
    private static func isOrdered(_ pages: [SeriesPage]) -> Bool {
        var last: ArraySlice<UInt8>?
        for page in pages {
            for series in page.series {
                let key = page.keys[series.key]
                if let last, !last.lexicographicallyPrecedes(key) { return false }
                last = key
            }
        }
        return true
    }
}
