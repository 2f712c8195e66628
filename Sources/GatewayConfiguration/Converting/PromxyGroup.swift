import GoText
import UpstreamSettings
import YAML

/// One of promxy's server groups.
struct PromxyGroup {
    struct Label {
        var name: String
        var text: String
        var line: Int
    }

    /// One server, as a project or a replica names it.
    struct Source {
        var settings: [WrittenSetting.Pair]

        var lines: [String] { WrittenSetting.lines(settings).lines("prometheus") }
    }

    let line: Int
    /// In promxy's file.
    let key: String
    private(set) var name: String?
    private(set) var labels: [Label] = []
    /// One for each target.
    private(set) var sources: [Source] = []
    /// What its servers have samples of.
    private(set) var timeRange = TimeRange()
    /// Which series of its server it has; nil for all.
    private(set) var selector: ProjectSelector?
    /// Whether promxy answers without it.
    private(set) var mayBeMissing = false

    /// Keys that say how samples of several servers are merged.
    private(set) var merging: [(line: Int, key: String, name: String)] = []

    private var scheme = "http"
    private var pathPrefix = ""
    private var settings: [WrittenSetting.Pair] = []
    /// Of the sources.
    private var urls: [ServerURL] = []

    /// nil for a group without a server that the gateway can ask, which is said.
    init?(_ node: YAMLNode, at index: Int, _ log: inout PromxyRemarks) {
        line = node.line
        key = "promxy.server_groups[\(index)]"
        var targets: [(text: String, labels: [YAMLNode.Pair], line: Int)] = []
        for pair in node.pairs {
            let path = "\(key).\(pair.key)"
            switch pair.key {
            case "static_configs":
                for element in pair.value.elements {
                    for target in element["targets"]?.elements ?? [] {
                        guard let text = target.text else { continue }
                        targets.append((text, element["labels"]?.pairs ?? [], target.line))
                    }
                }
            case "dns_sd_configs":
                for element in pair.value.elements {
                    targets += Self.addresses(of: element, path, &log).map { ($0, [], pair.line) }
                }
            default: read(pair, path, &log)
            }
        }
        for target in targets { add(target, of: targets.count, &log) }
        guard !sources.isEmpty else {
            log.leaveOut(line, key, "it names no server that the gateway can ask")
            return nil
        }
    }

    /// Names of one address and a port are asked as they are; others are not looked up.
    private static func addresses(
        of element: YAMLNode, _ path: String, _ log: inout PromxyRemarks
    ) -> [String] {
        let names = element["names"]?.elements.compactMap(\.text) ?? []
        guard ["A", "AAAA"].contains(element["type"]?.text), let port = element["port"]?.text else {
            log.leaveOut(
                element.line, path,
                "SRV records are not looked up here; write them as replicas[].discovery.dns")
            return []
        }
        log.remark(
            element.line, path,
            "each name is asked as one server; all addresses behind it must have the same series")
        return names.map { "\($0):\(port)" }
    }

    // MARK: Keys

    private mutating func read(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        let text = pair.value.text ?? ""
        switch pair.key {
        case "name": name = text
        case "labels": labels += Self.labels(pair.value.pairs)
        case "scheme": scheme = text
        case "path_prefix": pathPrefix = text
        case "ignore_error", "downgrade_error":
            mayBeMissing = mayBeMissing || pair.value.isTrue
        case "timeout": readTimeout(text, pair.line, path, &log)
        case "http_client": readClient(pair.value, path, &log)
        case "http_headers": readHeaders(pair, path, &log)
        case "query_params": readParameters(pair, path, &log)
        case "remote_read":
            log.remark(
                pair.line, path,
                "is found out: remote read is used where native histograms must be exact")
        case "align_query_range_with_step":
            log.remark(pair.line, path, "is found out; see prometheus.capabilities.stepGrid")
        case "anti_affinity", "anti_affinity_dynamic", "prefer_max":
            merging.append((pair.line, path, pair.key))
        case "max_idle_conns", "max_idle_conns_per_host", "idle_conn_timeout":
            log.remark(pair.line, path, "the gateway keeps its connections by rules of its own")
        case "relative_time_range", "absolute_time_range": readTimeRange(pair, path, &log)
        case "relabel_configs", "metrics_relabel_configs":
            log.leaveOut(pair.line, path, "the gateway does not rewrite labels of members")
        case "inject_matchers": readSelector(pair, path, &log)
        case "label_filter":
            log.leaveOut(
                pair.line, path,
                "members are chosen by the partition label and by labels, which need no upkeep")
        case "remote_read_path":
            guard text != "api/v1/read" else { return }
            log.leaveOut(pair.line, path, "remote read is asked for at /api/v1/read")
        case "native_histogram":
            log.leaveOut(
                pair.line, path, "exactness: strict of a project reads them as they are stored")
        case let key where key.hasSuffix("_sd_configs"):
            log.leaveOut(pair.line, path, "servers are not discovered; name them")
        default: log.leaveOut(pair.line, path, "the gateway has nothing like it")
        }
    }

    private static func labels(_ pairs: [YAMLNode.Pair]) -> [Label] {
        pairs.compactMap { pair in
            pair.value.text.map { Label(name: pair.key, text: $0, line: pair.line) }
        }
    }

    /// Matchers, each without braces.
    private mutating func readSelector(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        let text = pair.value.elements.compactMap(\.text).joined(separator: ",")
        do throws(ProjectSelector.Refusal) {
            selector = try ProjectSelector("{\(text)}")
        } catch {
            log.leaveOut(pair.line, path, error.problem)
        }
    }

    /// The labels that its project gets beside the partition label; others are named as left out.
    func staticLabels(beside partition: String?, _ log: inout PromxyRemarks) -> [Label] {
        var kept: [Label] = []
        for label in labels where label.name != partition {
            let others =
                [(partition ?? Configuration.defaultPartitionLabel, "the partition label")]
                + kept.map { ($0.name, "a label of the project too") }
            let refusal =
                StaticLabelRules.refusal(of: label.name)
                ?? others.lazy.compactMap { other, words in
                    StaticLabelRules.refusal(of: label.name, beside: other, called: words)
                }.first
            let problem =
                refusal?.problem
                ?? (label.text.isEmpty ? "a label needs a value" : nil)
                ?? (label.text.utf8.count > StaticLabelRules.longestValue
                    ? "its value is too long" : nil)
                ?? (kept.count == StaticLabelRules.most ? "there are too many labels" : nil)
            if let problem {
                log.leaveOut(label.line, "\(key).labels.\(label.name)", problem)
            } else {
                kept.append(label)
            }
        }
        return kept
    }

    /// Ages are written as lengths below zero, times as RFC 3339 has them.
    private mutating func readTimeRange(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        var range = timeRange
        for bound in pair.value.pairs where bound.key != "truncate" {
            let text = bound.value.text ?? ""
            let age = text.hasPrefix("-") ? DurationText.duration(String(text.dropFirst())) : nil
            switch (pair.key, bound.key) {
            case ("relative_time_range", "start") where age != nil: range.newerThan = age
            case ("relative_time_range", "end") where age != nil: range.olderThan = age
            case ("absolute_time_range", "start") where RFC3339.time(text) != nil:
                range.from = RFC3339.time(text)
            case ("absolute_time_range", "end") where RFC3339.time(text) != nil:
                range.to = RFC3339.time(text)
            default: return log.leaveOut(bound.line, "\(path).\(bound.key)", "is not understood")
            }
        }
        if range.newerThan != nil && range.from != nil || range.olderThan != nil && range.to != nil
        {
            return log.leaveOut(
                pair.line, path, "an age and a time for the same end exclude each other")
        }
        if let problem = TimeRangeSection.problem(with: range) {
            return log.leaveOut(pair.line, path, problem.problem)
        }
        timeRange = range
        log.remark(
            pair.line, path, "steps of other times are not asked for, whatever truncate says")
    }

    private mutating func readTimeout(
        _ text: String, _ line: Int, _ path: String, _ log: inout PromxyRemarks
    ) {
        guard let duration = DurationText.duration(text), duration > .zero else {
            log.leaveOut(line, path, "is no duration of the gateway's")
            return
        }
        settings.append(.init("timeout", .word(DurationText.text(duration))))
        log.remark(line, path, "bounds the whole request, and not only the wait for its head")
    }

    private mutating func readHeaders(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        var headers: [WrittenSetting.Pair] = []
        var rules = HeaderRules(credential: nil)
        for header in pair.value.pairs {
            let own = "\(path).\(header.key)"
            if let refusal = rules.refusal(of: header.key, line: header.line) {
                log.leaveOut(header.line, own, refusal.problem)
            } else if header.key.lowercased() == "x-scope-orgid" {
                headers.append(.init(header.key, .text(header.value.text ?? "")))
            } else {
                headers.append(.init(header.key, log.variable(header.line, own)))
            }
        }
        if !headers.isEmpty { settings.append(.init("headers", .lines(headers))) }
    }

    private mutating func readParameters(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        var parameters: [WrittenSetting.Pair] = []
        for parameter in pair.value.pairs {
            if let refusal = QueryParameterRules.refusal(of: parameter.key) {
                log.leaveOut(parameter.line, "\(path).\(parameter.key)", refusal.problem)
            } else {
                parameters.append(.init(parameter.key, .text(parameter.value.text ?? "")))
            }
        }
        if !parameters.isEmpty {
            settings.append(.init("queryParameters", .lines(parameters)))
        }
    }

    // MARK: The HTTP client

    private mutating func readClient(
        _ node: YAMLNode, _ path: String, _ log: inout PromxyRemarks
    ) {
        for pair in node.pairs {
            let own = "\(path).\(pair.key)"
            switch pair.key {
            case "tls_config": readTLS(pair.value, own, &log)
            case "basic_auth": readBasic(pair.value, own, &log)
            case "bearer_token": settings.append(.init("bearerToken", log.variable(pair.line, own)))
            case "bearer_token_file":
                settings.append(.init("bearerTokenFile", .text(pair.value.text ?? "")))
            case "authorization": readAuthorization(pair, own, &log)
            case "proxy_url": readProxy(pair, own, &log)
            case "oauth2": readOAuth2(pair, own, &log)
            case "sigv4": readSigV4(pair, own, &log)
            case "dial_timeout", "fallback_delay", "dial_network":
                log.remark(
                    pair.line, own, "timeout of the member bounds the whole request, connecting too"
                )
            case "follow_redirects" where pair.value.isTrue:
                log.leaveOut(pair.line, own, "no redirect is followed")
            case "follow_redirects", "enable_http2": continue
            default: log.leaveOut(pair.line, own, "the gateway has nothing like it")
            }
        }
    }

    private mutating func readTLS(
        _ node: YAMLNode, _ path: String, _ log: inout PromxyRemarks
    ) {
        let names = [
            "ca_file": "caFile", "cert_file": "certFile", "key_file": "keyFile",
            "server_name": "serverName",
        ]
        var tls: [WrittenSetting.Pair] = []
        for pair in node.pairs {
            if let name = names[pair.key], let text = pair.value.text {
                tls.append(.init(name, .text(text)))
            } else if pair.key == "insecure_skip_verify" {
                if pair.value.isTrue { tls.append(.init("skipVerify", .flag(true))) }
            } else if pair.key == "min_version", let text = pair.value.text {
                if text == "TLS13" { tls.append(.init("minVersion", .text("1.3"))) }
                if text == "TLS10" || text == "TLS11" {
                    log.remark(
                        pair.line, "\(path).min_version", "nothing older than TLS 1.2 is spoken")
                }
            } else {
                log.leaveOut(pair.line, "\(path).\(pair.key)", "the gateway has nothing like it")
            }
        }
        if !tls.isEmpty { settings.append(.init("tls", .lines(tls))) }
    }

    private mutating func readOAuth2(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        let node = pair.value
        guard let client = node["client_id"]?.text, let url = node["token_url"]?.text,
            (try? ServerURL(url)) != nil,
            node["client_secret"] != nil || node["client_secret_file"] != nil
        else {
            return log.leaveOut(
                pair.line, path, "it needs client_id, client_secret and an http or https token_url")
        }
        var oauth2: [WrittenSetting.Pair] = [
            .init("clientId", .text(client)), .init("tokenUrl", .text(url)),
        ]
        for inner in node.pairs {
            let own = "\(path).\(inner.key)"
            switch inner.key {
            case "client_id", "token_url": continue
            case "client_secret":
                oauth2.append(.init("clientSecret", log.variable(inner.line, own)))
            case "client_secret_file":
                oauth2.append(.init("clientSecretFile", .text(inner.value.text ?? "")))
            case "scopes":
                oauth2.append(.init("scopes", .list(inner.value.elements.compactMap(\.text))))
            case "endpoint_params":
                let parameters = inner.value.pairs.map { parameter in
                    WrittenSetting.Pair(
                        parameter.key, log.variable(parameter.line, "\(own).\(parameter.key)"))
                }
                oauth2.append(.init("endpointParams", .lines(parameters)))
            default:
                log.leaveOut(inner.line, own, "the token endpoint is asked as the server is")
            }
        }
        settings.append(.init("oauth2", .lines(oauth2)))
    }

    private mutating func readSigV4(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        let node = pair.value
        guard let region = node["region"]?.text, let key = node["access_key"]?.text,
            let secret = node.pairs.first(where: { $0.key == "secret_key" }),
            node["profile"] == nil
        else {
            return log.leaveOut(
                pair.line, path,
                "it needs region, access_key and secret_key; profiles are not used")
        }
        let role = node["role_arn"]?.text ?? ""
        guard role.isEmpty || AWSRole(arn: role) != nil else {
            return log.leaveOut(pair.line, path, "role_arn is not the ARN of a role")
        }
        var sigv4: [WrittenSetting.Pair] = [
            .init("region", .text(region)), .init("accessKey", .text(key)),
            .init("secretKey", log.variable(secret.line, "\(path).secret_key")),
        ]
        if !role.isEmpty {
            sigv4.append(.init("roleArn", .text(role)))
            if let id = node["external_id"]?.text { sigv4.append(.init("externalId", .text(id))) }
        }
        settings.append(.init("sigv4", .lines(sigv4)))
    }

    private mutating func readProxy(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        do throws(ServerURL.Problem) {
            let url = try ServerURL(pair.value.text ?? "")
            guard url.pathPrefix.isEmpty else {
                return log.leaveOut(pair.line, path, "the URL of a proxy has no path")
            }
            settings.append(.init("proxyUrl", .text(url.description)))
        } catch {
            log.leaveOut(pair.line, path, "the URL \(error.text)")
        }
    }

    private mutating func readBasic(
        _ node: YAMLNode, _ path: String, _ log: inout PromxyRemarks
    ) {
        guard let user = node["username"]?.text else {
            log.leaveOut(node.line, path, "the user's name must stand in the file")
            return
        }
        var basic: [WrittenSetting.Pair] = [.init("username", .text(user))]
        if let file = node["password_file"]?.text {
            basic.append(.init("passwordFile", .text(file)))
        } else if let password = node["password"] {
            basic.append(.init("password", log.variable(password.line, "\(path).password")))
        }
        settings.append(.init("basicAuth", .lines(basic)))
    }

    private mutating func readAuthorization(
        _ pair: YAMLNode.Pair, _ path: String, _ log: inout PromxyRemarks
    ) {
        guard ["bearer", nil].contains(pair.value["type"]?.text?.lowercased()) else {
            log.leaveOut(pair.line, path, "only bearer tokens and basic authentication are sent")
            return
        }
        if let file = pair.value["credentials_file"]?.text {
            settings.append(.init("bearerTokenFile", .text(file)))
        } else if let token = pair.value["credentials"] {
            settings.append(
                .init("bearerToken", log.variable(token.line, "\(path).credentials")))
        }
    }

    // MARK: Servers

    private mutating func add(
        _ target: (text: String, labels: [YAMLNode.Pair], line: Int), of count: Int,
        _ log: inout PromxyRemarks
    ) {
        var (scheme, prefix) = (scheme, pathPrefix)
        for label in target.labels {
            switch label.key {
            case "__scheme__": scheme = label.value.text ?? scheme
            case "__path_prefix__": prefix = label.value.text ?? prefix
            default:
                guard count == 1 else {
                    log.leaveOut(
                        label.line, "\(key).static_configs.labels.\(label.key)",
                        "the servers of a project have the same labels")
                    continue
                }
                labels += Self.labels([label])
            }
        }
        while prefix.hasSuffix("/") { prefix.removeLast() }
        if !prefix.isEmpty, !prefix.hasPrefix("/") { prefix = "/" + prefix }
        do throws(ServerURL.Problem) {
            let url = try ServerURL("\(scheme)://\(target.text)\(prefix)")
            guard !urls.contains(url) else { return }
            urls.append(url)
            sources.append(
                Source(settings: [.init("url", .text(url.description))] + settings))
        } catch {
            log.leaveOut(target.line, "\(key).static_configs", "the URL \(error.text)")
        }
    }
}
