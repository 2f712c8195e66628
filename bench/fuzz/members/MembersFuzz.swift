import GoText
import HTTPTransport
import TimeSeries
import YAML

@testable import PrometheusWire
@testable import Upstream

// What members send beside the results of queries: remote read in both kinds, lists, documents,
// configurations, compressed bodies; and what other gateways keep of their answers. Nothing crashes,
// and it does not matter how a body is split.
//
// The first byte chooses the reader, the second the size of the pieces; the rest is the body.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
    let size = Int(start[1]) % 64 + 1
    switch start[0] % 10 {
    case 0: chunks(bytes, size)
    case 1: chunks(framed(bytes), size)
    case 2: samples(bytes)
    case 3: if let block = try? SnappyBlock.compress(bytes) { samples(block) }
    case 4:
        lists(bytes, size)
        families(bytes, size)
    case 5: documents(bytes)
    case 6: inflate(bytes, size)
    case 8: extent(bytes)
    case 9: extent(framed(extentOf: bytes))
    default: _ = ExternalLabels.of(configuration: String(decoding: bytes, as: UTF8.self))
    }
    return 0
}

private func pieces(_ bytes: [UInt8], _ size: Int) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: size).map {
        Array(bytes[$0..<min($0 + size, bytes.count)])
    }
}

// MARK: Remote read

private let shares = ["", "m"].enumerated().map { number, name in
    RemoteReadShare(
        number: number,
        editor: RemoteSeriesEditor(
            injecting: name.isEmpty ? nil : LabelInjection(name: "project", value: name),
            removing: [.init(name: "region", value: "eu")]))
}

/// The frames that a body of messages would have, with checksums that fit: a message for each line.
private func framed(_ bytes: [UInt8]) -> [UInt8] {
    var body: [UInt8] = []
    for message in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
        ChunkFrames.append(Array(message), to: &body)
    }
    return body
}

private func chunks(_ bytes: [UInt8], _ size: Int) {
    func read(_ pieces: [[UInt8]]) -> [(query: Int, bytes: [UInt8])]? {
        var reader = RemoteReadChunks(queries: shares)
        var found: [(Int, [UInt8])] = []
        do throws(ScanError) {
            for piece in pieces { try reader.append(piece) }
            try reader.finish()
        } catch {
            return nil
        }
        var bounds = StoredBounds()
        while let part = reader.next() {
            found.append((part.query, part.page.bytes))
            _ = try? bounds.take(part.page)
        }
        return found
    }
    let whole = read([bytes])
    let split = read(pieces(bytes, size))
    precondition(whole?.map(\.query) == split?.map(\.query))
    precondition(whole?.map(\.bytes) == split?.map(\.bytes))
}

private func samples(_ block: [UInt8]) {
    guard
        let pages = try? RemoteReadSamples.pages(of: block, queries: shares, limit: 1 << 20)
    else { return }
    for page in pages {
        _ = try? RemoteReadSamples.histograms(of: page) { _ in 1000 }
        let series = try? RemoteSampleDecoder.series(of: page) {
            (weight) throws(ScanError) in
            guard weight <= 1 << 20 else { throw .tooLarge("too much") }
        }
        for var series in series ?? [] {
            precondition(series.times.count == series.values.count)
            _ = try? StoredBounds().complete(&series)
        }
    }
}

// MARK: What gateways keep for one another

private let digest = [UInt8](repeating: 7, count: ExtentBlock.digestLength)

/// A block whose text is the bytes, with a length and a seal that fit.
private func framed(extentOf text: [UInt8]) -> [UInt8] {
    let block = ExtentBlock(
        from: 0, through: 60_000, asked: 0, widest: 0, type: .matrix, pages: [])
    let empty = block.bytes(digest: digest, limit: 1 << 20) { _ in digest } ?? []
    guard let inner = try? SnappyBlock.compress(text) else { return [] }
    var bytes = empty.prefix(ExtentBlock.headLength) + inner + digest
    for (start, number) in [(8, bytes.count), (12, text.count)] {
        for index in 0..<4 {
            bytes[start + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
        }
    }
    return Array(bytes)
}

/// Nothing guards what is read but its own checks: any seal fits.
private func extent(_ bytes: [UInt8]) {
    for (type, step) in [(ResponseScanner.ResultType.matrix, Milliseconds(15_000)), (.vector, 0)] {
        let block = ExtentBlock(
            bytes, digest: digest, type: type, step: step, limit: 1 << 16
        ) { _, _ in true }
        guard let block else { continue }
        precondition(block.pages.reduce(0) { $0 + $1.bytes.count } <= 1 << 20)
        // What was read is written and read again as it is.
        let written = block.bytes(digest: digest, limit: 1 << 20) { _ in digest } ?? []
        let again = ExtentBlock(
            written, digest: digest, type: type, step: step, limit: 1 << 20
        ) { _, _ in true }
        precondition(again?.pages.flatMap(\.bytes) == block.pages.flatMap(\.bytes))
        guard step > 0,
            let part = try? SeriesJoin.Part(
                block.pages, from: 15_000, through: 45_000, isOrdered: true)
        else { continue }
        var join = SeriesJoin([part])
        while join.next(ofBytes: 100) != nil {}
    }
}

// MARK: JSON

private func lists(_ bytes: [UInt8], _ size: Int) {
    // An element that is too large is told as soon as it is, so only whole bodies are compared.
    guard bytes.count <= 2048 else { return }
    let injection = LabelInjection(name: "project", value: "m")
    for kind in [
        ListReader.Kind.series(injection), .series(nil), .names(injection),
        .values(leavingOutEmpty: false), .values(leavingOutEmpty: true),
    ] {
        let whole = list(kind, [bytes])
        let split = list(kind, pieces(bytes, size))
        precondition(whole?.text == split?.text)
        guard let whole else { continue }
        // What was written is read again as it is.
        let again: ListReader.Kind
        if case .series = kind {
            again = .series(nil)
        } else {
            again = .values(leavingOutEmpty: false)
        }
        let body = Array(#"{"status":"success","data":["#.utf8) + whole.text + Array("]}".utf8)
        precondition(list(again, [body])?.text == whole.text)
    }
}

private func families(_ bytes: [UInt8], _ size: Int) {
    guard bytes.count <= 2048 else { return }
    for name in [nil, Array("up".utf8)] {
        let whole = list(.families(named: name), [bytes])
        let split = list(.families(named: name), pieces(bytes, size))
        precondition(whole?.familyText == split?.familyText)
        guard let whole else { continue }
        let body =
            Array(#"{"status":"success","data":{"#.utf8) + whole.familyText + Array("}}".utf8)
        precondition(list(.families(named: nil), [body])?.familyText == whole.familyText)
    }
}

private func list(_ kind: ListReader.Kind, _ pieces: [[UInt8]]) -> ElementList? {
    var scanner = DataListScanner(kind, maximumElement: 1 << 14)
    do throws(ScanError) {
        for piece in pieces { try scanner.append(piece) }
        try scanner.finish()
        return scanner.takeElements()
    } catch {
        return nil
    }
}

extension ElementList {
    fileprivate var familyText: [UInt8] {
        var merge = FamilyMerge(of: 1, limit: nil, perFamily: nil)
        merge.add([self])
        var out: [UInt8] = []
        while merge.write(to: &out, upTo: out.count + 100) == .full {}
        return out
    }

    fileprivate var text: [UInt8] {
        var merge = ListMerge([self])
        var out: [UInt8] = []
        _ = merge.write(to: &out, upTo: .max)
        return out
    }
}

private func documents(_ bytes: [UInt8]) {
    // A number ends where something else begins.
    if let document = try? UpstreamDocument(bytes) {
        precondition((try? JSONValue(parsing: document.data + [0x20])) != nil, "no JSON")
    }
    guard let value = try? JSONValue(parsing: bytes) else { return }
    guard let again = try? JSONValue(parsing: value.bytes + [0x20]) else {
        fatalError("what is written is no JSON: \(String(decoding: value.bytes, as: UTF8.self))")
    }
    precondition(again == value)
}

// MARK: Compression

private func inflate(_ bytes: [UInt8], _ size: Int) {
    let limit = 1 << 18
    func read(_ pieces: [[UInt8]]) -> [UInt8]? {
        var body: [UInt8] = []
        do throws(InflateError) {
            var inflater = try Inflater(limits: InflateLimits(maximumBytes: limit))
            for piece in pieces {
                inflater.feed(piece)
                while let page = try inflater.next(upTo: 4096) { body += page }
            }
            precondition(body.count <= limit + 4096)
            try inflater.finish()
            return body
        } catch {
            return nil
        }
    }
    precondition(read([bytes]) == read(pieces(bytes, size)))
}
