public import PrometheusServer

/// The paths of the web page, below the gateway's own base path.
public struct PageRoutes: Sendable {
    /// What is served there.
    public enum Content: Sendable {
        /// It was turned off.
        case disabled
        /// No directory was found that holds it.
        case missing
        case page(WebPage)
    }

    /// The pages that people open, which are all the same file.
    static let pages = [
        "query", "members", "metrics-explorer", "cardinality", "targets", "rules", "alerts",
        "projects", "status", "login",
    ]

    var base: String
    var content: Content
    var version: String
    /// Throws the refusal of a request that may not even see the page.
    var admit: @Sendable (HTTPHeaders) throws -> Void

    /// - Parameter base: "" or a path that begins with a slash and does not end in one.
    public init(
        base: String, content: Content, version: String,
        admit: @escaping @Sendable (HTTPHeaders) throws -> Void
    ) {
        self.base = base
        self.content = content
        self.version = version
        self.admit = admit
    }

    /// Adds the paths. Those that the API adds afterwards are the API's.
    public func add(to routes: inout RouteTable) {
        switch content {
        case .disabled:
            on("/", &routes) { _ in Self.found(base + "/query") }
            on("/query", &routes) { _ in .text(description) }
        case .missing:
            on("/", &routes) { _ in Self.found(base + "/query") }
            on("/query", &routes) { _ in .text(description + Self.advice) }
            for path in pagePaths where path != "/" && path != "/query" {
                on(path, &routes) { _ in
                    .text(status: 404, description + Self.advice, noSniff: true)
                }
            }
        case .page(let page):
            for (name, file) in page.files {
                on("/" + name, named: Self.file, &routes) { file.response(to: $0) }
            }
            for path in pagePaths {
                on(path, &routes, traits: .compressed) { request in
                    try admit(request.headers)
                    return page.index.response(base: base, version: version)
                }
            }
            addGraph(to: &routes)
        }
    }

    /// Where Prometheus has its query page, so that its links lead here.
    private func addGraph(to routes: inout RouteTable) {
        for prefix in ["", "/p/:project"] {
            on(prefix + "/graph", &routes) { request in
                let path = Array(request.pathBytes.dropLast("graph".utf8.count)) + "query".utf8
                return .moved(302, to: path, query: request.rawQueryBytes, method: request.method)
            }
        }
    }

    private var pagePaths: [String] {
        let names = Self.pages.map { "/" + $0 }
        return ["/"] + names + ["/p/:project"] + names.map { "/p/:project" + $0 }
    }

    /// What metrics call the files, whose names are many.
    private static let file = "web file"

    private func on(
        _ path: String, named: String? = nil, _ routes: inout RouteTable, traits: RouteTraits = [],
        _ answer: @escaping @Sendable (PrometheusRequest) throws -> PrometheusResponse
    ) {
        routes.on("GET", "HEAD", path: base + path, named: named, traits: traits) { try answer($0) }
    }

    private static func found(_ path: String) -> PrometheusResponse {
        PrometheusResponse(
            status: 302, headers: ["Location": path, "Content-Type": "text/html; charset=utf-8"],
            body: .bytes(Array("<a href=\"\(path)\">Found</a>.\n\n".utf8)))
    }

    private var description: String {
        "Tributary: a Prometheus data source.\n\n"
            + "\(base)/api/v1/...              the default project\n"
            + "\(base)/p/<project>/api/v1/...  one project\n"
    }

    private static let advice =
        "\nThe web page is not installed here. The packages and the image have it under\n"
        + "share/tributary/web; scripts/web builds it from the sources into .build/web. Name another\n"
        + "directory with --web-dir or web.dir, or turn the page off with web.enabled: false.\n"
}
