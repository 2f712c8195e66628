public import PrometheusWire
public import RequestTelemetry

/// One HTTP request, read as Prometheus reads it.
public struct PrometheusRequest: Sendable {
    /// Upper case, as on the wire.
    public let method: String
    /// The path as sent, escapes included, without the query.
    public let rawPath: String
    /// The path without escapes.
    public let path: String
    /// `path` before it was taken for UTF-8.
    public let pathBytes: [UInt8]
    /// False when the bytes of `path` are no UTF-8, so that a name in it cannot be taken as it is.
    public let isPathValidUTF8: Bool
    /// What stood behind the first `?`, undecoded; empty when nothing did.
    public let rawQueryBytes: [UInt8]
    /// `rawQueryBytes`, taken for UTF-8.
    public var rawQuery: String { String(decoding: rawQueryBytes, as: UTF8.self) }
    /// Parameters of the URL alone.
    public let query: FormValues
    /// Parameters of a form body, then those of the URL.
    public let parameters: FormValues
    /// The first thing wrong with body or URL parameters; the undecodable pairs are left out.
    public let formError: FormError?
    public let headers: HTTPHeaders
    /// The whole body as it came, of forms too: what is one by its type need not be one.
    public let body: [UInt8]
    /// What the pattern's `:name` segments stood for.
    public internal(set) var pathParameters: [String: String] = [:]

    /// Whether reading it takes no time worth speaking of.
    var isShort: Bool { body.count + rawQueryBytes.count <= 16 << 10 }

    /// - Parameter target: path and query as sent.
    /// - Returns: nil when the path holds a bad escape, which Go answers with 400.
    public init?(
        method: String, target: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []
    ) {
        self.init(
            method: method, targetBytes: Array(target.utf8), headers: headers, body: body)
    }

    /// - Parameter targetBytes: path and query as sent, which need not be UTF-8.
    /// - Returns: nil when the path holds a bad escape, which Go answers with 400.
    public init?(
        method: String, targetBytes bytes: [UInt8], headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = []
    ) {
        self.method = method
        self.headers = headers
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        let sent = Self.withoutAuthority(bytes[..<mark], method: method)
        guard let decoded = try? PercentEncoding.decode(sent, plusIsSpace: false) else {
            return nil
        }
        rawPath = String(decoding: sent, as: UTF8.self)
        pathBytes = decoded
        path = String(decoding: decoded, as: UTF8.self)
        isPathValidUTF8 = path.utf8.elementsEqual(decoded)
        rawQueryBytes = Array(bytes[mark...].dropFirst())

        let url = FormValues.parse(rawQueryBytes)
        query = url.values
        guard let form = Self.form(method: method, headers: headers, body: body) else {
            parameters = url.values
            formError = url.error
            self.body = body
            return
        }
        parameters = form.values.followed(by: url.values)
        formError = form.error ?? url.error
        self.body = body
    }

    /// Shorthand for the first value of a merged parameter, "" when absent.
    public func parameter(_ name: String) -> String { parameters.first(name) }

    /// The merged parameters, read as the query API reads them.
    public var reader: ParameterReader { ParameterReader(parameter) }

    static let methodsWithForm: Set<String> = ["POST", "PUT", "PATCH"]

    /// Whether the body is a form of the plain kind; multipart forms are another matter.
    static func isForm(method: String, headers: HTTPHeaders) -> Bool {
        guard methodsWithForm.contains(method), let type = headers["Content-Type"] else {
            return false
        }
        return mediaType(type) == "application/x-www-form-urlencoded"
    }

    private static func form(
        method: String, headers: HTTPHeaders, body: [UInt8]
    ) -> (values: FormValues, error: FormError?)? {
        if isForm(method: method, headers: headers) { return FormValues.parse(body) }
        guard methodsWithForm.contains(method), let type = headers["Content-Type"],
            let boundary = MultipartForm.boundary(ofContentType: type)
        else { return nil }
        return MultipartForm.parse(body, boundary: boundary)
    }

    private static func mediaType(_ contentType: String) -> String {
        let type = contentType.prefix { $0 != ";" }
        return type.filter { $0 != " " && $0 != "\t" }.lowercased()
    }

    /// A proxy's request names scheme and host as well, CONNECT the host alone; only the path
    /// matters here.
    private static func withoutAuthority(
        _ target: ArraySlice<UInt8>, method: String
    ) -> ArraySlice<UInt8> {
        let slash = UInt8(ascii: "/")
        if target.first == slash { return target }
        if let end = RequestHead.endOfScheme(target) {
            return target[(target[end...].firstIndex(of: slash) ?? target.endIndex)...]
        }
        return method == "CONNECT" ? [] : target
    }
}

/// What became of one request, for logs and metrics.
public struct CompletedRequest: Sendable {
    /// The status of a request whose client went away before there was an answer.
    public static let abandoned = 499

    public var method: String
    /// Path and query as sent.
    public var target: [UInt8]
    /// nil where the server makes none.
    public var scope: RequestScope?
    /// The route's pattern; nil when no route fitted.
    public var pattern: String?
    public var status: Int
    /// Bytes of body sent, after compression.
    public var bodyBytes: Int
    public var duration: Duration
    /// False when the answer broke off or the client went away.
    public var isWhole: Bool
}
