import GoText
public import TimeSeries

/// Reads the elements of a member's list: what is in Prometheus's own spelling is edited in place
/// and copied, all else goes through the exact walker of the same grammar. What leaves is always
/// Prometheus's spelling.
public struct ListReader {
    /// What the elements are.
    public enum Kind: Sendable {
        /// Label sets, which get labels.
        case series(LabelInjection?)
        /// Names of labels, shown as users see them beside the labels that are added.
        case names(LabelInjection)
        /// Values of a label. Some servers send "", which is the value of no label.
        case values(leavingOutEmpty: Bool)
        /// What is said about metrics: members of an object. Each description is an element.
        ///
        /// - Parameter named: of the metric that is wanted; nil for all.
        case families(named: [UInt8]?)

        /// What stands around the elements.
        public var brackets: (opening: UInt8, closing: UInt8) {
            switch self {
            case .series, .names, .values: (UInt8(ascii: "["), UInt8(ascii: "]"))
            case .families: (UInt8(ascii: "{"), UInt8(ascii: "}"))
            }
        }
    }

    /// Zero bytes that must stand behind what is read.
    public static let guardCount = SampleScan.guardCount
    /// Labels of one series.
    private static let maximumLabels = ResponseScanner.Limits().labels

    private let kind: Kind
    private let editor: MetricEditor
    private var labels: [PlainLabel] = []
    private var family = FamilyReader()
    private var list = ElementList()
    private var order: ArrivalOrder
    /// Families that were kept, each once.
    private var families = 0
    /// Names of labels that are shown under ones that belong before them.
    private var movedNames: [[UInt8]] = []
    /// What these begin with where they are shown.
    private var floor: [UInt8] = []
    /// Whether the name that was kept last is shown under another one.
    private var isLastMoved = false
    /// Elements that were read.
    public private(set) var count = 0

    public init(_ kind: Kind) {
        self.kind = kind
        if case .series(let injection) = kind {
            editor = MetricEditor(injection, head: "{")
            order = ArrivalOrder(added: injection?.labels.map(\.name) ?? [])
        } else {
            editor = MetricEditor(nil, head: "{")
            order = ArrivalOrder()
        }
        guard case .names(let injection) = kind else { return }
        for name in injection.names {
            let shown = injection.visibleName(of: name)
            guard shown.lexicographicallyPrecedes(name) else { continue }
            movedNames.append(name)
            floor = shown.dropLast(name.count)
        }
    }

    /// Whether the elements came in order so far, so that those to come belong behind the `settled`
    /// ones. The order of names is the one of the member's own names.
    public var isOrdered: Bool { order.isKept }

    /// Elements, or families, each once, behind which all that are to come belong while they come in
    /// order.
    public var settled: Int {
        if case .families = kind { max(0, families - 1) } else { order.settled }
    }

    /// What the elements take that were not taken yet, in bytes.
    public var heldBytes: Int { list.heldBytes }

    /// What was read since the last time, sorted.
    public mutating func take() -> ElementList {
        var list = list
        self.list = ElementList()
        list.finish()
        list.boundOfLast = isLastMoved ? 0 : order.boundOfLast
        list.isLastMoved = isLastMoved
        list.floor = movedNames.contains(where: order.isLastBefore) ? floor : nil
        return list
    }

    /// Where reading stopped.
    public struct Stop {
        public var position: Int
        /// Whether it is before an element of which more bytes are needed, not behind one.
        public var isIncomplete: Bool
    }

    /// Reads the element that begins here, and those that follow with nothing but commas between
    /// them.
    ///
    /// - Parameter end: where the zero bytes begin.
    /// - Throws: where there is no such element.
    public mutating func read(
        _ bytes: [UInt8], from start: Int, to end: Int
    ) throws(ScanError) -> Stop {
        var position = start
        while true {
            switch readPlain(bytes, &position, end) {
            case .behindElement: return Stop(position: position, isIncomplete: false)
            case .incomplete: return Stop(position: position, isIncomplete: true)
            case .unusual:
                var cursor = JSONCursor(bytes, from: position, to: end)
                guard try readUnusual(&cursor) else {
                    return Stop(position: position, isIncomplete: true)
                }
                position = cursor.position
                guard position < end, bytes[position] == UInt8(ascii: ",") else {
                    return Stop(position: position, isIncomplete: false)
                }
                position += 1
            }
        }
    }

    // MARK: - In Prometheus's spelling

    private enum Plain {
        case behindElement
        case incomplete
        case unusual
    }

    private mutating func readPlain(_ bytes: [UInt8], _ position: inout Int, _ end: Int) -> Plain {
        bytes.withUnsafeBufferPointer { bytes in
            while true {
                let next: Int
                switch kind {
                case .series:
                    guard let closed = readLabels(bytes, position, end) else { return .unusual }
                    guard closed <= end else { return .incomplete }
                    next = closed
                case .names, .values:
                    guard let closed = readText(bytes, position) else { return .unusual }
                    next = closed
                case .families: return .unusual
                }
                position = next
                guard next < end, bytes[next] == UInt8(ascii: ",") else { return .behindElement }
                position += 1
            }
        }
    }

    /// The position behind a label set, one beyond the end if that is not there yet; nil with
    /// nothing read where it is not written so.
    private mutating func readLabels(
        _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int
    ) -> Int? {
        guard let p = bytes.baseAddress, p[start] == UInt8(ascii: "{") else { return nil }
        labels.removeAll(keepingCapacity: true)
        let (next, stop) = MetricScan.labels(
            p, from: start + 1, count: end, atMost: Self.maximumLabels, into: &labels)
        switch stop {
        case .closed: break
        case .incomplete: return end + 1
        case .unusual, .tooManyLabels: return nil
        }
        guard UTF8Text.isValid(UnsafeBufferPointer(rebasing: bytes[start..<next])),
            editor.appendCopied(labels, of: bytes, to: &list.texts, keys: &list.keys)
        else { return nil }
        close()
        return next
    }

    /// The position behind a text; nil with nothing read where it is not here wholly, or must be
    /// spelled anew or renamed.
    private mutating func readText(
        _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int
    ) -> Int? {
        guard let p = bytes.baseAddress, p[start] == UInt8(ascii: "\"") else { return nil }
        var i = start + 1
        var all: UInt8 = 0
        while !Self.isSpecial(p[i]) {
            all |= p[i]
            i += 1
        }
        guard p[i] == UInt8(ascii: "\"") else { return nil }
        let inside = UnsafeBufferPointer(rebasing: bytes[(start + 1)..<i])
        if all >= 0x80 {
            guard UTF8Text.isValid(inside), !Self.hasEscapedScalars(inside) else { return nil }
        }
        switch kind {
        case .names(let injection):
            if injection.removes(inside) {
                count += 1
                return i + 1
            }
            if injection.renames(inside) { return nil }
            list.texts.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...i]))
            list.keys.append(contentsOf: inside)
            closeName(UnsafeRawBufferPointer(inside), isMoved: false)
            return i + 1
        case .values(leavingOutEmpty: true):
            if inside.isEmpty {
                count += 1
                return i + 1
            }
        case .values, .series, .families: break
        }
        list.texts.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...i]))
        list.keys.append(contentsOf: inside)
        close()
        return i + 1
    }

    /// Bytes that end a text or are written otherwise in it: quotes, backslashes, control characters
    /// and those that mean something in HTML.
    private static func isSpecial(_ byte: UInt8) -> Bool {
        // One bit for each of the first 64 bytes.
        let low: UInt64 = 0x5000_0044_FFFF_FFFF
        return byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte == UInt8(ascii: "\\")
    }

    /// Whether valid UTF-8 has U+2028 or U+2029, which are written with escapes. So is what was no
    /// UTF-8, but a U+FFFD that a member has is one like any other.
    private static func hasEscapedScalars(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for (index, byte) in bytes.enumerated() where byte == 0xE2 {
            if bytes[index + 1] == 0x80, bytes[index + 2] & 0xFE == 0xA8 { return true }
        }
        return false
    }

    // MARK: - In any other

    /// False when more bytes are needed.
    private mutating func readUnusual(_ cursor: inout JSONCursor) throws(ScanError) -> Bool {
        do throws(JSONCursor.Failure) {
            switch kind {
            case .series: break
            case .names, .values:
                appendText(UTF8Text.repaired(try cursor.stringBytes()))
                return true
            case .families(let named):
                try family.read(&cursor)
                if named.map(family.isNamed) ?? true,
                    family.append(to: &list, noting: &order)
                {
                    families += 1
                }
                count += max(1, family.count)
                return true
            }
            guard try cursor.peek() == UInt8(ascii: "{") else {
                throw .malformed(cursor.position, "expected '{'")
            }
        } catch {
            guard let failure = ScanError(error) else { return false }
            throw failure
        }
        let labels: [SlowPathElement.Label]
        do throws(JSONCursor.Failure) {
            labels = try SlowPathElement.labels(&cursor, atMost: Self.maximumLabels)
        } catch {
            guard let failure = ScanError(error) else { return false }
            throw failure
        }
        try editor.append(labels, to: &list.texts, keys: &list.keys)
        close()
        return true
    }

    private mutating func appendText(_ bytes: [UInt8]) {
        switch kind {
        case .names(let injection) where injection.removes(bytes):
            count += 1
            return
        case .names(let injection):
            let isMoved = injection.renames(bytes)
            let name = isMoved ? injection.visibleName(of: bytes) : bytes
            list.append(text: String(decoding: name, as: UTF8.self))
            bytes.withUnsafeBytes { closeName($0, isMoved: isMoved) }
            return
        case .values(leavingOutEmpty: true) where bytes.isEmpty:
            count += 1
            return
        case .values, .series, .families:
            list.append(text: String(decoding: bytes, as: UTF8.self))
        }
        close()
    }

    /// Ends a name, whose own text is the one that tells of the order.
    private mutating func closeName(_ own: UnsafeRawBufferPointer, isMoved: Bool) {
        _ = order.note(own)
        isLastMoved = isMoved
        list.close()
        count += 1
    }

    private mutating func close() {
        list.close(noting: &order)
        count += 1
    }
}

extension ScanError {
    /// What is wrong with a list; nil where more bytes are needed.
    public init?(_ failure: JSONCursor.Failure) {
        switch failure {
        case .incomplete: return nil
        case .malformed(_, let reason): self = .malformed(reason)
        case .tooMany(let reason): self = .tooLarge(reason)
        case .offGrid: self = .malformed("a sample in a list")
        }
    }
}
