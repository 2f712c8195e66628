import CSnappy

/// The answer of remote read that holds every sample: `prometheus.ReadResponse`, as a snappy block.
public enum RemoteReadSamples {
    public static let contentType = "application/x-protobuf"

    /// Takes a member's answer apart: one page for each query it was sent, whose elements are fields
    /// of a `QueryResult`, ready to be written.
    ///
    /// - Parameter limit: bytes of the message.
    /// - Throws: for what is no answer to these queries.
    public static func pages(
        of block: [UInt8], queries: [RemoteReadShare], limit: Int
    ) throws(ScanError) -> [SeriesPage] {
        let message: [UInt8]
        do throws(SnappyBlock.Failure) {
            message = try SnappyBlock.uncompress(block, limit: limit)
        } catch {
            switch error {
            case .corrupt: throw .malformed("the answer is no snappy block")
            case .tooLarge: throw .tooLarge("the answer is larger than \(limit) bytes")
            }
        }
        var pages: [SeriesPage] = []
        var reader = ProtobufReader(message)
        while let result = try Self.next(&reader) {
            guard result.number == 1, case .bytes(let range) = result.value else { continue }
            guard pages.count < queries.count else {
                throw .malformed("more results than the \(queries.count) queries")
            }
            let editor = queries[pages.count].editor
            var page = SeriesPage()
            var series = ProtobufReader(message, range)
            while let field = try Self.next(&series) {
                guard field.number == 1, case .bytes(let range) = field.value else { continue }
                let edited = try editor.edited(range, of: message)
                page.append(key: edited.key) { out in
                    WireWriter.append(1, bytes: edited.message, to: &out)
                }
            }
            pages.append(page)
        }
        guard pages.count == queries.count else {
            throw .malformed("\(pages.count) results for \(queries.count) queries")
        }
        return pages
    }

    private static func next(
        _ reader: inout ProtobufReader
    ) throws(ScanError) -> ProtobufReader.Field? {
        do throws(WireError) {
            return try reader.next()
        } catch {
            throw error.inAnswer
        }
    }

    /// Appends the result of the next query to a message; the elements are those of pages.
    public static func append(result elements: [UInt8], to message: inout [UInt8]) {
        WireWriter.append(1, bytes: elements, to: &message)
    }
}

extension SeriesPage {
    /// Appends a series whose bytes `write` appends.
    mutating func append(key: [UInt8], _ write: (inout [UInt8]) -> Void) {
        let keyStart = keys.count
        keys += key
        let start = bytes.count
        write(&bytes)
        series.append(
            Extent(
                key: keyStart..<keys.count, element: start..<bytes.count,
                samples: bytes.count..<bytes.count, hasHistograms: false))
    }
}

/// A query as a member was sent it.
public struct RemoteReadShare: Sendable {
    /// What the client's request calls the query; several of a member's may be one of the client's.
    public var number: Int
    public var editor: RemoteSeriesEditor

    public init(number: Int, editor: RemoteSeriesEditor) {
        self.number = number
        self.editor = editor
    }
}

/// Snappy's block format, which remote read compresses whole messages with.
public enum SnappyBlock {
    public enum Failure: Error, Sendable, Equatable {
        case corrupt
        /// The block says, or would need to hold, more bytes than are allowed.
        case tooLarge
    }

    /// Bytes a block can hold.
    private static let most = Int(UInt32.max)
    /// No three bytes of a block can stand for more than 64.
    private static let greatestRatio = 32

    /// - Throws: `.tooLarge` for more than a block can hold.
    public static func compress(_ bytes: [UInt8]) throws(Failure) -> [UInt8] {
        guard bytes.count <= most else { throw .tooLarge }
        var isWhole = false
        let block = [UInt8](
            unsafeUninitializedCapacity: snappy_max_compressed_length(bytes.count)
        ) { out, count in
            bytes.withUnsafeBytes { input in
                var length = out.count
                isWhole =
                    snappy_compress(
                        Self.characters(input), input.count,
                        UnsafeMutableRawBufferPointer(out).bindMemory(to: CChar.self).baseAddress,
                        &length) == SNAPPY_OK
                count = isWhole ? length : 0
            }
        }
        guard isWhole else { throw .tooLarge }
        return block
    }

    /// Bytes that a block says it holds, as far as that can be true; 0 for what is no block.
    public static func announcedSize(of block: [UInt8]) -> Int {
        var length = 0
        let hasLength = block.withUnsafeBytes {
            snappy_uncompressed_length(Self.characters($0), $0.count, &length) == SNAPPY_OK
        }
        let (most, overflows) = block.count.multipliedReportingOverflow(by: greatestRatio)
        return hasLength ? (overflows ? length : min(length, most)) : 0
    }

    /// - Parameter limit: bytes; a block that says it holds more is refused before memory is taken.
    public static func uncompress(_ block: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var length = 0
        let hasLength = block.withUnsafeBytes {
            snappy_uncompressed_length(Self.characters($0), $0.count, &length) == SNAPPY_OK
        }
        guard hasLength else { throw .corrupt }
        // A few bytes that claim gigabytes cannot be honest.
        guard length <= block.count.multipliedReportingOverflow(by: greatestRatio).partialValue
        else { throw .corrupt }
        guard length <= limit else { throw .tooLarge }
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { out, count in
            block.withUnsafeBytes { input in
                var written = length
                isWhole =
                    snappy_uncompress(
                        Self.characters(input), input.count,
                        UnsafeMutableRawBufferPointer(out).bindMemory(to: CChar.self).baseAddress,
                        &written) == SNAPPY_OK
                count = isWhole ? written : 0
            }
        }
        guard isWhole, bytes.count == length else { throw .corrupt }
        return bytes
    }

    private static func characters(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<CChar>? {
        bytes.bindMemory(to: CChar.self).baseAddress
    }
}
