import PrometheusAPI

/// Turns a matrix of one step into a vector: what a member that knows only `query_range` answers
/// in place of an instant query. Times become the one that was asked for.
enum InstantPages {
    static func vector(_ page: SeriesPage, at time: Int64) throws(ScanError) -> SeriesPage {
        var out = SeriesPage()
        out.keys = page.keys
        var stamp: [UInt8] = []
        TimestampText.appendSample(time, to: &stamp)
        for extent in page.series {
            let start = out.bytes.count
            out.bytes += page.bytes[extent.element.lowerBound..<extent.samples.lowerBound]
            let samples = out.bytes.count
            let text = page.bytes[extent.samples]
            if text.starts(with: values) {
                out.bytes += value
                try append(text.dropFirst(values.count), stamp, to: &out.bytes)
            } else if text.starts(with: histograms) {
                out.bytes += histogram
                try append(text.dropFirst(histograms.count), stamp, to: &out.bytes)
            } else {
                throw .malformed("a series without samples")
            }
            let end = out.bytes.count
            out.bytes += page.bytes[extent.samples.upperBound..<extent.element.upperBound]
            var moved = extent
            moved.element = start..<out.bytes.count
            moved.samples = samples..<end
            out.series.append(moved)
            out.bytes.append(UInt8(ascii: ","))
        }
        return out
    }

    private static let values = Array("\"values\":[".utf8)
    private static let value = Array("\"value\":".utf8)
    private static let histograms = Array("\"histograms\":[".utf8)
    private static let histogram = Array("\"histogram\":".utf8)

    /// The only sample of the list that `text` is the rest of, with another time, and the brace
    /// behind it.
    private static func append(
        _ text: ArraySlice<UInt8>, _ stamp: [UInt8], to out: inout [UInt8]
    ) throws(ScanError) {
        // The scanner's spelling: no white space, and no brackets inside strings.
        var depth = 0
        var end: Int?
        for (index, byte) in zip(text.indices, text) {
            switch byte {
            case UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { end = index + 1 }
            default: break
            }
            if end != nil { break }
        }
        guard let end, let comma = text.firstIndex(of: UInt8(ascii: ",")), comma < end,
            text[end...].elementsEqual([UInt8(ascii: "]"), UInt8(ascii: "}")])
        else { throw .malformed("a step other than the one that was asked for") }
        out.append(UInt8(ascii: "["))
        out += stamp
        out += text[comma..<end]
        out.append(UInt8(ascii: "}"))
    }
}
