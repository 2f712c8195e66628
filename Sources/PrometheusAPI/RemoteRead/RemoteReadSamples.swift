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
        var reader = WireReader(message)
        while let result = try Self.next(&reader) {
            guard result.number == 1, case .bytes(let range) = result.value else { continue }
            guard pages.count < queries.count else {
                throw .malformed("more results than the \(queries.count) queries")
            }
            let editor = queries[pages.count].editor
            var page = SeriesPage()
            var series = WireReader(message, range)
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
        _ reader: inout WireReader
    ) throws(ScanError) -> WireReader.Field? {
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
