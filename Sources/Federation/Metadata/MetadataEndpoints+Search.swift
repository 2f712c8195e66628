import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire

/// `search/metric_names`, `search/label_names` and `search/label_values`.
extension MetadataEndpoints {
    /// Names of metrics, with what is said of them where the request wants that.
    public func searchMetricNames(
        _ request: PrometheusRequest
    ) async throws -> PrometheusResponse {
        let asked = try SearchRequest(request, of: "metric_names", now: now)
        let wantsMetadata = try SearchRequest.flag("include_metadata", false, request)
        if wantsMetadata { try project.requireWholeSight() }
        let selection = try selection(asked, request)
        let names = await federation.labelValues(of: "__name__", selection)
        var described: [String: MetricFamilies.Description] = [:]
        if wantsMetadata {
            let families = await federation.families(
                metric: nil,
                .init(
                    selectors: try MetadataSelectors([], project.rewriting),
                    deadline: time.members))
            for family in MetricFamilies(families.content, perFamily: 1).families {
                described[family.name] = family.descriptions.first
            }
        }
        return try answer(names, asked, request, described)
    }

    /// Names of labels.
    public func searchLabelNames(
        _ request: PrometheusRequest
    ) async throws -> PrometheusResponse {
        let asked = try SearchRequest(request, of: "label_names", now: now)
        return try answer(
            await federation.labelNames(try selection(asked, request)), asked, request)
    }

    /// Values of the label that the request names.
    public func searchLabelValues(
        _ request: PrometheusRequest
    ) async throws -> PrometheusResponse {
        let asked = try SearchRequest(request, of: "label_values", now: now)
        let label = request.parameter("label")
        guard !label.isEmpty else {
            throw APIError.badData("missing required parameter \"label\"")
        }
        return try answer(
            await federation.labelValues(of: label, try selection(asked, request)), asked, request)
    }

    private var now: Timestamp { WallClock.now() }

    /// Every name is asked for, as the limit holds for those that fit.
    private func selection(
        _ asked: SearchRequest, _ request: PrometheusRequest
    ) throws(APIError) -> MetadataFederation.Request {
        let selectors: MetadataSelectors
        do throws(MetadataSelectors.Refusal) {
            selectors = try MetadataSelectors(
                request.parameters.all("match[]"), project.rewriting)
        } catch {
            throw .badData(error.text)
        }
        return MetadataFederation.Request(
            selectors: selectors, start: asked.start, end: asked.end,
            isWhole: try project.policy(for: request) == .abort, deadline: time.members)
    }

    /// A line for each batch, and one that says how it ended.
    private func answer(
        _ names: MetadataFederation.Answer, _ asked: SearchRequest,
        _ request: PrometheusRequest, _ described: [String: MetricFamilies.Description] = [:]
    ) throws(APIError) -> PrometheusResponse {
        let failures = try admit(names.partial, asked: names.asked, request) + names.limitations
        let warnings = failures + names.annotations.warnings.subtracting(failures).sorted()
        let found = asked.search.found(in: WrittenWhole(ListMerge(names.content)).strings)
        let given = found.prefix(asked.limit)
        var out: [UInt8] = []
        var rest = given[...]
        repeat {
            let batch = rest.prefix(asked.batch)
            rest = rest.dropFirst(asked.batch)
            out += "{\"results\":[".utf8
            for (index, one) in batch.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                append(one, asked, described[one.name], to: &out)
            }
            out.append(UInt8(ascii: "]"))
            if batch.startIndex == given.startIndex, !warnings.isEmpty {
                out += ",\"warnings\":".utf8
                JSONText.append(warnings, to: &out)
            }
            out += "}\n".utf8
        } while !rest.isEmpty
        out += "{\"status\":\"success\",\"has_more\":\(found.count > given.count)}\n".utf8
        return PrometheusResponse(
            headers: ["Content-Type": "application/x-ndjson; charset=utf-8"], body: .bytes(out))
    }

    private func append(
        _ one: NameSearch.Found, _ asked: SearchRequest, _ description: MetricFamilies.Description?,
        to out: inout [UInt8]
    ) {
        var pairs: [(key: String, value: JSONValue)] = [("name", .string(one.name))]
        if asked.includesScore { pairs.append(("score", .number(GoFloat.text(one.score)))) }
        pairs += description?.fields ?? []
        out += JSONValue.object(pairs).bytes
    }
}

/// The parameters of a search, with the error texts of the reference.
struct SearchRequest: Sendable, Equatable {
    /// What is searched in at most one request.
    static let mostTexts = 32
    static let mostResults = 10_000

    var search = NameSearch()
    var start: Timestamp
    var end: Timestamp
    var limit = 100
    /// Results a line.
    var batch = 100
    var includesScore = false

    /// - Parameter endpoint: For errors.
    init(
        _ request: PrometheusRequest, of endpoint: String, now: Timestamp
    ) throws(APIError) {
        if let error = request.formError {
            throw .badData("error parsing form values: \(error.description)")
        }
        func value(_ name: String) -> String { request.parameter(name) }
        start = try Self.time("start", request) ?? now - Milliseconds(3_600_000)
        end = try Self.time("end", request) ?? now
        search.texts = request.parameters.all("search[]")
        guard search.texts.count <= Self.mostTexts else {
            throw .badData("too many search[] parameters: at most \(Self.mostTexts) are allowed")
        }
        if !value("fuzz_threshold").isEmpty {
            guard let percent = Int(value("fuzz_threshold")), (0...100).contains(percent) else {
                throw .badData(
                    "invalid fuzz_threshold \(GoQuoting.quote(value("fuzz_threshold"))): "
                        + "must be 0-100")
            }
            search.threshold = Double(percent) / 100
        }
        if !value("fuzz_alg").isEmpty {
            guard let algorithm = NameSearch.Algorithm(rawValue: value("fuzz_alg")) else {
                throw .badData(
                    "unsupported fuzz_alg \(GoQuoting.quote(value("fuzz_alg"))): "
                        + "must be one of [subsequence jarowinkler]")
            }
            search.algorithm = algorithm
        }
        search.isCaseSensitive = try Self.flag("case_sensitive", true, request)
        includesScore = try Self.flag("include_score", false, request)
        search.order = try Self.order(request, of: endpoint)
        limit = min(try Self.count("limit", request) ?? limit, Self.mostResults)
        batch = try Self.count("batch_size", request) ?? batch
    }

    private static func order(
        _ request: PrometheusRequest, of endpoint: String
    ) throws(APIError) -> NameSearch.Order {
        let (by, direction) = (request.parameter("sort_by"), request.parameter("sort_dir"))
        if !direction.isEmpty, by.isEmpty {
            throw .badData("sort_dir is only valid when sort_by is set")
        }
        if !direction.isEmpty, by == "score" {
            throw .badData("sort_dir is not supported for sort_by=score")
        }
        guard ["", "asc", "dsc"].contains(direction) else {
            throw .badData(
                "invalid sort_dir \(GoQuoting.quote(direction)): must be \"asc\" or \"dsc\"")
        }
        switch by {
        case "", "alpha": return direction == "dsc" ? .alphabetBackwards : .alphabet
        case "score":
            guard !request.parameters.all("search[]").isEmpty else {
                throw .badData("sort_by=score requires search[] to be set")
            }
            return .score
        default:
            throw .badData(
                "invalid sort_by \(GoQuoting.quote(by)) for \(endpoint): "
                    + "must be \"alpha\" or \"score\"")
        }
    }

    private static func time(
        _ name: String, _ request: PrometheusRequest
    ) throws(APIError) -> Timestamp? {
        if request.parameter(name).isEmpty { return nil }
        do throws(APIError) {
            return try RequestTime.parse(request.parameter(name))
        } catch {
            throw .badData("invalid time value for '\(name)': \(error.message)")
        }
    }

    /// Nil when absent or 0, which leave it to the server.
    private static func count(
        _ name: String, _ request: PrometheusRequest
    ) throws(APIError) -> Int? {
        let text = request.parameter(name)
        if text.isEmpty { return nil }
        guard let count = Int(text), count >= 0 else {
            throw .badData(
                "invalid \(name) \(GoQuoting.quote(text)): must be non-negative integer")
        }
        return count > 0 ? count : nil
    }

    /// In the words of Go's `ParseBool`.
    static func flag(
        _ name: String, _ standard: Bool, _ request: PrometheusRequest
    ) throws(APIError) -> Bool {
        switch request.parameter(name) {
        case "": return standard
        case "1", "t", "T", "TRUE", "true", "True": return true
        case "0", "f", "F", "FALSE", "false", "False": return false
        case let text:
            throw .badData("invalid \(name) \(GoQuoting.quote(text)): must be boolean")
        }
    }
}
