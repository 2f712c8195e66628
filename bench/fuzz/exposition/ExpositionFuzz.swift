import GoText
import TimeSeries

// Pages of metrics, as targets expose them. Nothing crashes, and every sample has a name.
//
// The first byte chooses the format; the rest is the page. `scripts/fuzz-exposition` compiles this
// together with the reader.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let format: Exposition.Format? = [nil, .prometheus, .openMetrics][Int(start[0] % 3)]
    do throws(ExpositionError) {
        let exposition = try Exposition(parsing: bytes, format: format)
        for sample in exposition.samples { precondition(!sample.labels.isEmpty) }
        for family in exposition.families { precondition(!family.name.isEmpty) }
    } catch {
        precondition(!"\(error)".isEmpty)
    }
    return 0
}
