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
    /// What stood behind the first `?`, undecoded; "" when nothing did.
    public let rawQuery: String
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

    /// - Parameter target: path and query as sent.
    /// - Returns: nil when the path holds a bad escape, which Go answers with 400.
    public init?(
        method: String, target: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []
    ) {
        self.method = method
        self.headers = headers
        let bytes = Array(Self.withoutAuthority(target).utf8)
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        guard let decoded = try? PercentEncoding.decode(bytes[..<mark], plusIsSpace: false) else {
            return nil
        }
        rawPath = String(decoding: bytes[..<mark], as: UTF8.self)
        pathBytes = decoded
        path = String(decoding: decoded, as: UTF8.self)
        isPathValidUTF8 = path.utf8.elementsEqual(decoded)
        rawQuery = String(decoding: bytes[mark...].dropFirst(), as: UTF8.self)

        let url = FormValues.parse(bytes[mark...].dropFirst())
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

    /// A proxy's request names scheme and host as well; only the path matters here.
    private static func withoutAuthority(_ target: String) -> Substring {
        for scheme in ["http://", "https://"] where target.hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            return rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
        }
        return target[...]
    }
}
