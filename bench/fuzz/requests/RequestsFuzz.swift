import GoText
import PrometheusWire

// What clients send once a request's head is read (which `fuzz-http` covers): paths, queries,
// forms, and the body of remote read. Nothing crashes, and what is read reads back as the same.
//
// The first byte chooses the reader; the rest is what it reads. `scripts/fuzz-requests` compiles
// this together with the readers of requests.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] % 6 {
    case 0: target(bytes)
    case 1: form(bytes)
    case 2: multipart(bytes)
    case 3: read(bytes)
    case 4: if let block = try? SnappyBlock.compress(bytes) { read(block) }
    default: headers(bytes)
    }
    return 0
}

private let routes = {
    var routes = RouteTable()
    for path in ["/", "/p/:project/api/v1/label/:name/values", "/p/:project/d/:domain/api/v1/*"] {
        routes.on("GET", "POST", path: path) { _ in PrometheusResponse() }
    }
    routes.answerOptions(path: "/p/:project/api/v1/*")
    return routes
}()

private func target(_ bytes: [UInt8]) {
    guard let request = PrometheusRequest(method: "GET", targetBytes: bytes) else { return }
    let clean = CleanPath.of(request.pathBytes)
    precondition(CleanPath.of(clean) == clean)
    precondition(clean.first == UInt8(ascii: "/"))
    let escaped = Array(CleanPath.escaped(clean).utf8)
    precondition((try? PercentEncoding.decode(escaped, plusIsSpace: false)) == clean)
    precondition(escaped.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    for method in ["GET", "OPTIONS", "TRACE"] {
        let request = PrometheusRequest(method: method, targetBytes: bytes)
        if let request { _ = routes.resolve(request) }
    }
    parameters(of: request)
}

private func form(_ bytes: [UInt8]) {
    let request = PrometheusRequest(
        method: "POST", target: "/api/v1/query?query=a",
        headers: ["Content-Type": "application/x-www-form-urlencoded"], body: bytes)
    guard let request else { preconditionFailure("a good path") }
    parameters(of: request)
    let pairs = request.parameters.pairs
    let written = FormText.text(of: pairs.map { (name: $0.name, value: $0.value) })
    let again = FormValues.parse(Array(written.utf8))
    precondition(again.error == nil)
    precondition(again.values.pairs == pairs)
}

private func multipart(_ bytes: [UInt8]) {
    let line = bytes.prefix { $0 != 0x0A }
    let type = "multipart/form-data; boundary=" + String(decoding: line, as: UTF8.self)
    let request = PrometheusRequest(
        method: "POST", target: "/api/v1/query", headers: ["Content-Type": type],
        body: Array(bytes.dropFirst(line.count + 1)))
    if let request { parameters(of: request) }
}

private func parameters(of request: PrometheusRequest) {
    _ = request.parameter("query")
    _ = try? request.reader.requiredTime("time")
    for pair in request.parameters.pairs {
        _ = try? RequestTime.parse(pair.value)
        _ = try? RequestDuration.parse(pair.value)
        _ = try? RequestLimit.parse(pair.value)
    }
}

private func read(_ body: [UInt8]) {
    guard let request = try? RemoteReadRequest(body: body) else { return }
    guard let written = try? request.body, let again = try? RemoteReadRequest(body: written) else {
        fatalError("what is written is no request: \(request)")
    }
    precondition(again == request)
    _ = request.chosenType
}

private func headers(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let chain = HopChain(text.split(separator: "\n").map(String.init))
    precondition(!chain.contains(HopChain.Identity()))
    _ = MultipartForm.boundary(ofContentType: text)
    _ = ContentCoding.chosen(byAcceptEncoding: text)
    _ = FederateFormat(accept: text)
}
