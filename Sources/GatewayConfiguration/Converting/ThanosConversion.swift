import GoText
import UpstreamSettings

/// The arguments of a Thanos Query, as a configuration of the gateway, and what is not the same in it.
public struct ThanosConversion: Sendable {
    /// The configuration, which `tributary check` accepts.
    public let yaml: String
    /// In the order of the arguments.
    public let remarks: [ConversionRemark]

    /// - Parameter arguments: As a shell passes them on; `query` and the program may stand before.
    public init(arguments: [String]) throws(ConversionRefusal) {
        try self.init(words: arguments.enumerated().map { ($0.offset + 1, $0.element) })
    }

    /// - Parameter text: A file with one argument a line.
    public init(_ text: String) throws(ConversionRefusal) {
        try self.init(words: ThanosArgument.words(of: text))
    }

    private init(words: [(line: Int, text: String)]) throws(ConversionRefusal) {
        var reading = ThanosReading()
        for argument in try ThanosArgument.read(words, &reading.remarks) { reading.read(argument) }
        yaml = try reading.written()
        remarks = reading.remarks.enumerated().sorted {
            ($0.element.line, $0.offset) < ($1.element.line, $1.offset)
        }.map(\.element)
    }
}

/// What the arguments have said so far.
private struct ThanosReading {
    var remarks: [ConversionRemark] = []

    private var endpoints: [ThanosEndpoint] = []
    /// Addresses of one API beside the StoreAPI. Most of them are endpoints as well.
    private var others: [ThanosArgument] = []
    private var replicaLabels: [String] = []
    /// The first argument that names one.
    private var replicaLabel: ThanosArgument?
    private var root: [WrittenSetting.Pair] = []
    private var query: [WrittenSetting.Pair] = []
    private var limits: [WrittenSetting.Pair] = []
    private var log: [WrittenSetting.Pair] = []
    private var routePrefix: ThanosArgument?
    private var externalPrefix: ThanosArgument?
    private var lookUpInterval: Duration?
    private var partialResponse = PartialResponse.warn
    /// Arguments that may stand once.
    private var seen: Set<String> = []

    // MARK: Reading

    mutating func read(_ argument: ThanosArgument) {
        switch argument.name {
        case "endpoint", "endpoint-strict", "endpoint-group", "endpoint-group-strict", "store",
            "store-strict":
            readEndpoint(argument)
        case "rule", "target", "metadata", "exemplar": others.append(argument)
        case "query.replica-label": readReplicaLabels(argument)
        default:
            guard let reason = ThanosReasons.reason(for: argument.name) else {
                return readSingle(argument)
            }
            remarks.append(
                ConversionRemark(
                    line: argument.line, key: argument.key, text: reason.text,
                    isLoss: reason.isLoss))
        }
    }

    private mutating func readSingle(_ argument: ThanosArgument) {
        guard seen.insert(argument.name).inserted else {
            return leaveOut(argument, "it was given before")
        }
        switch argument.name {
        case "query.timeout": readDuration(argument) { $0.query.append(.init("timeout", $1)) }
        case "query.lookback-delta":
            readDuration(argument) { $0.query.append(.init("lookback", $1)) }
        case "query.default-evaluation-interval":
            readDuration(argument) { $0.query.append(.init("defaultSubqueryStep", $1)) }
        case "query.max-concurrent":
            guard let count = Int(argument.value), count > 0 else {
                return leaveOut(argument, "it is no number above 0")
            }
            query.append(.init("maxConcurrency", .number(count)))
            remark(argument, "counts places for computing; waiting for members takes none")
        case "query.partial-response":
            let isOn = argument.isNegated == (argument.value == "false")
            partialResponse = isOn ? .warn : .abort
        case "http-grace-period":
            readDuration(argument) { $0.limits.append(.init("shutdownGrace", $1)) }
        case "http-address": readAddress(argument)
        case "log.level":
            readWord(
                argument, as: "level",
                ["debug": "debug", "info": "info", "warn": "warning", "error": "error"])
        case "log.format": readWord(argument, as: "format", ["logfmt": "text", "json": "json"])
        case "web.route-prefix": routePrefix = argument
        case "web.external-prefix": externalPrefix = argument
        case "store.sd-dns-interval":
            guard let interval = DurationText.duration(argument.value), interval >= .seconds(1)
            else { return leaveOut(argument, "it is no duration of the gateway's, of 1s or more") }
            lookUpInterval = interval
        default: leaveOut(argument, "it is no argument of thanos query that is known here")
        }
    }

    /// Of the section `log`.
    ///
    /// - Parameter words: The gateway's words by Thanos's.
    private mutating func readWord(
        _ argument: ThanosArgument, as key: String, _ words: [String: String]
    ) {
        guard let word = words[argument.value] else {
            return leaveOut(
                argument, "it is none of \(words.keys.sorted().joined(separator: ", "))")
        }
        log.append(.init(key, .word(word)))
    }

    private mutating func readDuration(
        _ argument: ThanosArgument, _ keep: (inout Self, WrittenSetting) -> Void
    ) {
        guard let duration = DurationText.duration(argument.value), duration > .zero else {
            return leaveOut(argument, "it is no duration of the gateway's")
        }
        keep(&self, .word(DurationText.text(duration)))
    }

    private mutating func readAddress(_ argument: ThanosArgument) {
        guard let address = ListenAddress(argument.value) else {
            return leaveOut(argument, "it is no host and port")
        }
        guard address.isLoopback else {
            return leaveOut(
                argument,
                "other machines can reach it; write it as listen_address together with auth")
        }
        root.append(.init("listen_address", .text(address.description)))
    }

    private mutating func readReplicaLabels(_ argument: ThanosArgument) {
        replicaLabel = replicaLabel ?? argument
        for label in argument.value.split(separator: ",").map(String.init) {
            if let refusal = StaticLabelRules.refusal(of: label) {
                leaveOut(argument, refusal.problem)
            } else if replicaLabels.count == ReplicaGroup.mostLabels {
                leaveOut(argument, "at most \(ReplicaGroup.mostLabels) are allowed")
            } else if !replicaLabels.contains(label) {
                replicaLabels.append(label)
            }
        }
    }

    private mutating func readEndpoint(_ argument: ThanosArgument) {
        do throws(ServerURL.Problem) {
            let endpoint = try ThanosEndpoint(argument)
            guard !endpoints.contains(where: { $0.host == endpoint.host }) else {
                return leaveOut(
                    argument,
                    "its host is that of another endpoint, so that the port of its Prometheus is not "
                        + "known; write a project for it if that is another server")
            }
            endpoints.append(endpoint)
            let guess =
                endpoint.isName
                ? "the addresses of \(endpoint.host) are asked at port \(ThanosEndpoint.port), as "
                    + "replicas with the same series,"
                : "\(endpoint.url) is asked,"
            remark(
                argument,
                "speaks gRPC; \(guess) where the Prometheus beside a sidecar listens. In place of a "
                    + "store gateway, a receiver or a ruler write a Thanos Query over it")
        } catch {
            leaveOut(argument, "the address \(error.text)")
        }
    }

    /// Whatever servers an argument names are asked for all that they have, if they are endpoints.
    private mutating func readOthers() {
        for argument in others {
            let endpoint = try? ThanosEndpoint(argument)
            if !endpoints.contains(where: { $0.host == endpoint?.host }) {
                leaveOut(
                    argument,
                    "a member is asked for series too; write a project with the HTTP address of its "
                        + "Prometheus")
            }
        }
    }

    /// Thanos Query takes the external prefix where no other is given.
    private mutating func readPrefixes() {
        guard let argument = routePrefix ?? externalPrefix else { return }
        if let route = routePrefix, let external = externalPrefix, route.value != external.value {
            leaveOut(external, "there is one path, that of requests: url_base_path")
        }
        var path = argument.value[...]
        while path.hasPrefix("/") { path = path.dropFirst() }
        guard !path.isEmpty else { return }
        do throws(ServerURL.Problem) {
            let prefix = try ServerURL("http://host/\(path)").pathPrefix
            guard !prefix.contains("//") else { throw .notAbsolute }
            root.append(.init("url_base_path", .text(prefix)))
        } catch {
            leaveOut(argument, "it is no path")
        }
    }

    /// A Prometheus on this machine has the address at which the gateway would listen.
    private mutating func makeRoom() {
        guard !root.contains(where: { $0.name == "listen_address" }),
            let endpoint = endpoints.first(where: { HostName.isLoopback($0.host) })
        else { return }
        let address = "127.0.0.1:10902"
        root.append(.init("listen_address", .text(address)))
        remarks.append(
            ConversionRemark(
                line: endpoint.line, key: endpoint.key,
                text:
                    "the gateway listens on \(address), as its own default is the address of that "
                    + "Prometheus", isLoss: false))
    }

    private mutating func leaveOut(_ argument: ThanosArgument, _ reason: String) {
        remarks.append(.init(line: argument.line, key: argument.key, text: reason, isLoss: true))
    }

    private mutating func remark(_ argument: ThanosArgument, _ text: String) {
        remarks.append(.init(line: argument.line, key: argument.key, text: text, isLoss: false))
    }

    // MARK: Writing

    /// What one project is made of: one server, or replicas.
    private struct Group {
        var endpoints: [ThanosEndpoint]

        var isReplicated: Bool { endpoints.count > 1 || endpoints.contains(where: \.isName) }
        /// Without the number of a replica.
        var host: String {
            (endpoints.count > 1 ? endpoints.first?.stem : endpoints.first?.host) ?? ""
        }
        var firstPart: String {
            IPAddress(host) == nil ? String(host.prefix { $0 != "." }) : host
        }
    }

    mutating func written() throws(ConversionRefusal) -> String {
        guard !endpoints.isEmpty else {
            throw ConversionRefusal(text: "no --endpoint names a server that the gateway can ask")
        }
        readOthers()
        readPrefixes()
        makeRoom()
        let groups = groups()
        remarkOnReplicas(groups)
        let names = names(of: groups)
        let all = ProjectName.free("all", besides: names)
        var lines = ["# Made by tributary convert of the arguments of a Thanos Query."]
        for pair in root { lines += pair.value.lines(pair.name) }
        if !log.isEmpty { lines += WrittenSetting.lines(log).lines("log") }
        lines.append("defaultProject: \(all)")
        if !query.isEmpty { lines += WrittenSetting.lines(query).lines("query") }
        if !limits.isEmpty { lines += WrittenSetting.lines(limits).lines("limits") }
        lines += [
            "# The addresses are guessed from those of gRPC: see that each is right.", "projects:",
        ]
        for (group, name) in zip(groups, names) {
            lines.append("  - name: \(name)")
            if group.isReplicated {
                lines.append("    replicas:")
                for endpoint in group.endpoints {
                    lines += endpoint.replica(interval: lookUpInterval).element.map {
                        "      " + $0
                    }
                }
                if !replicaLabels.isEmpty {
                    lines += WrittenSetting.list(replicaLabels).lines("replicaLabels")
                        .map { "    " + $0 }
                }
            } else {
                let url = WrittenSetting.text(group.endpoints[0].url)
                lines += WrittenSetting.lines([.init("url", url)]).lines("prometheus")
                    .map { "    " + $0 }
            }
        }
        lines.append("  - name: \(all)")
        lines.append("    memberProjects: [\(names.joined(separator: ", "))]")
        lines.append("    partialResponse: \(partialResponse.rawValue)")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Where there are replicas, pods of one StatefulSet are taken for such.
    private mutating func groups() -> [Group] {
        var groups: [Group] = []
        for endpoint in endpoints {
            let index = groups.firstIndex { group in
                !replicaLabels.isEmpty && endpoint.stem != nil
                    && group.endpoints[0].stem == endpoint.stem
            }
            guard let index else {
                groups.append(Group(endpoints: [endpoint]))
                continue
            }
            guard groups[index].endpoints.count < ReplicaGroup.most else {
                remarks.append(
                    ConversionRemark(
                        line: endpoint.line, key: endpoint.key,
                        text: "a project has at most \(ReplicaGroup.most) replicas", isLoss: true))
                continue
            }
            groups[index].endpoints.append(endpoint)
        }
        return groups
    }

    private mutating func remarkOnReplicas(_ groups: [Group]) {
        for group in groups where group.endpoints.count > 1 {
            remarks.append(
                ConversionRemark(
                    line: group.endpoints[0].line, key: group.endpoints[0].key,
                    text:
                        "the \(group.endpoints.count) endpoints whose names differ by a number are "
                        + "taken for replicas with the same series", isLoss: false))
        }
        guard let replicaLabel, !replicaLabels.isEmpty, groups.contains(where: { !$0.isReplicated })
        else { return }
        if groups.contains(where: \.isReplicated) {
            remark(
                replicaLabel,
                "projects with one server are not replicas of each other; write those that scrape the "
                    + "same targets as replicas of one project")
        } else {
            leaveOut(
                replicaLabel,
                "nothing tells which servers are replicas; write those that scrape the same targets "
                    + "as replicas of one project, with replicaLabels")
        }
    }

    /// By the first part of the host, or by all of it where others have that part too.
    private func names(of groups: [Group]) -> [String] {
        var names: [String] = []
        for (index, group) in groups.enumerated() {
            let isShared = groups.count { $0.firstPart == group.firstPart } > 1
            let text = (isShared ? group.host : group.firstPart).filter { $0 != "[" && $0 != "]" }
            names.append(
                ProjectName.free(ProjectName.kept(of: text) ?? "member-\(index)", besides: names))
        }
        return names
    }
}
