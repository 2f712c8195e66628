// Fed by libFuzzer with the bytes of connections. However they are split, the same requests must
// be found in them; what is malformed must be the end; and no head may hold a byte that could be
// taken for the end of another. `scripts/fuzz-http` compiles this together with the decoder.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let whole = parts(of: bytes, splitBy: max(1, bytes.count))
    precondition(parts(of: bytes, splitBy: Int(start[0]) % 64 + 1) == whole)
    precondition(parts(of: bytes, splitBy: 1) == whole)
    check(whole)
    return 0
}

private func parts(of bytes: [UInt8], splitBy size: Int) -> [RequestPart] {
    var decoder = RequestDecoder(maximumHeadBytes: 512, maximumFields: 8)
    var parts: [RequestPart] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
        decoder.feed(Array(bytes[start..<min(start + size, bytes.count)])) { part in
            if case .body(let more) = part, case .body(let so)? = parts.last {
                parts[parts.count - 1] = .body(so + more)
            } else {
                parts.append(part)
            }
        }
    }
    return parts
}

private func check(_ parts: [RequestPart]) {
    var isInRequest = false
    for (index, part) in parts.enumerated() {
        switch part {
        case .head(let head):
            precondition(!isInRequest)
            isInRequest = true
            check(head)
        case .body(let bytes):
            precondition(isInRequest && !bytes.isEmpty)
        case .end:
            precondition(isInRequest)
            isInRequest = false
        case .malformed(let error):
            precondition(index == parts.count - 1)
            precondition(error.status >= 400 && !error.message.isEmpty)
        case .frame: preconditionFailure("no connection speaks WebSocket here")
        }
    }
}

private func check(_ head: RequestHead) {
    precondition(!head.target.isEmpty && head.target.allSatisfy { $0 > 0x20 && $0 != 0x7f })
    precondition(!head.method.isEmpty && head.method.utf8.allSatisfy(Bytes.isToken))
    for field in head.headers.fields {
        precondition(field.name.utf8.allSatisfy(Bytes.isToken))
        precondition(field.value.utf8.allSatisfy(Bytes.isFieldContent))
    }
    let isChunked = head.framing == .chunked
    precondition(isChunked == !head.headers.values(of: "Transfer-Encoding").isEmpty)
    precondition(!isChunked || head.headers.values(of: "Content-Length").isEmpty)
}
