import LogQL
import PromQL
import Testing
import TimeSeries

/// Which label is whose: what of a query is about members, and what they are sent.
@Suite struct PartitionTests {
    private static let scope = LogScope(members: [
        LogMember("prod-a"),
        LogMember("prod-b", everyStream: [LabelMatcher("job", .regexMatch, ".+")]),
    ])
    private static let owner = LogScope(members: [LogMember("prod-a", ownLabels: ["project"])])

    private func asked(_ text: String, in scope: LogScope = scope) throws -> [String] {
        switch try LogQLQuery(text) {
        case .log(let query):
            try scope.plan(query).fetches.map {
                "\(scope.members[$0.member].name)\($0.addsLabel ? "+" : ""): \($0.text)"
            }
        case .metric(let expression):
            try scope.plan(expression).fetches.map {
                "\(scope.members[$0.member].name)\($0.addsLabel ? "+" : ""): \($0.text)"
            }
        }
    }

    @Test func `a matcher on the label chooses members and is not sent`() throws {
        #expect(
            try asked(#"{app="x", project="prod-a"} |= "e""#) == [#"prod-a+: {app="x"} |= "e""#])
        #expect(try asked(#"{app="x", project!~"prod-.*"}"#) == [])
        #expect(try asked(#"{app="x", project=~"prod"}"#) == [])
        #expect(
            try asked(#"{app="x", project=~".*"}"#)
                == [#"prod-a+: {app="x"}"#, #"prod-b+: {app="x"}"#])
        #expect(try asked(#"{app="x", project=""}"#) == [])
    }

    @Test func `a selector that only chose members is that of every stream`() throws {
        #expect(
            try asked(#"{project=~"prod-.*"}"#)
                == [#"prod-a+: {service_name=~".+"}"#, #"prod-b+: {job=~".+"}"#])
        #expect(
            try asked(#"{project="prod-a", app!="x"}"#)
                == [#"prod-a+: {service_name=~".+", app!="x"}"#])
        guard case .log(let query) = try LogQLQuery(#"{project="prod-b"}"#) else { return }
        #expect(try Self.scope.plan(query).fetches.map(\.usesEveryStream) == [true])
        let selector = Self.scope.selector(query.matchers, of: 1)
        #expect(selector?.isEverything == true)
        #expect(selector?.text == "{}")
        #expect(selector?.queryText == #"{job=~".+"}"#)
        #expect(Self.scope.chosen(by: query.matchers) == [1])
    }

    @Test func `a token's matchers are sent with every selector`() throws {
        var scope = Self.scope
        scope.restriction = [LabelMatcher("team", .equal, "a")]
        #expect(
            try asked(#"{project="prod-a"}"#, in: scope) == [#"prod-a+: {team="a"}"#])
    }

    static let filters: [(stage: String, a: String?, b: String?)] = [
        (#"| project="prod-a""#, "", nil),
        (#"| project!="prod-a""#, nil, ""),
        (#"| project=~"prod-.*" and level="e""#, #" | level="e""#, #" | level="e""#),
        (#"| project="prod-a" or level="e""#, "", #" | level="e""#),
        (#"| level="e" or project="prod-a""#, "", #" | level="e""#),
        (#"| v > 1 or project="prod-a""#, #" | (v > 1 or __none__="")"#, " | v > 1"),
        (#"| project="prod-a", level="e""#, #" | level="e""#, nil),
        (#"| drop project | project="""#, "", ""),
        (#"| drop project | project="prod-a""#, nil, nil),
    ]

    @Test(arguments: filters)
    func `a filter of the label is decided for each member`(
        _ stage: String, _ a: String?, _ b: String?
    ) throws {
        let asked = try asked(#"{app="x"} "# + stage).map { text in
            String(text.replacing("+:", with: ":"))
        }
        let wanted =
            [a.map { #"prod-a: {app="x"}"# + $0 }, b.map { #"prod-b: {app="x"}"# + $0 }]
            .compactMap(\.self)
        #expect(asked == wanted)
    }

    @Test func `what drops the label takes it from the answer`() throws {
        #expect(
            try asked(#"{app="x"} | drop project, pod"#)
                == [#"prod-a: {app="x"} | drop pod"#, #"prod-b: {app="x"} | drop pod"#])
        #expect(
            try asked(#"{app="x"} | keep app"#)
                == [#"prod-a: {app="x"} | keep app"#, #"prod-b: {app="x"} | keep app"#])
        #expect(
            try asked(#"{app="x"} | keep app, project"#)
                == [#"prod-a+: {app="x"} | keep app"#, #"prod-b+: {app="x"} | keep app"#])
        #expect(
            try asked(#"{app="x"} | keep project="prod-a""#)
                == [#"prod-a+: {app="x"} | keep __none__"#, #"prod-b: {app="x"} | keep __none__"#])
        // Else the line filter would be read as a matcher of the label before it.
        #expect(
            try asked(#"{app="x"} | drop pod, project="prod-b" != "e""#).first
                == #"prod-a+: {app="x"} | drop pod=~".*" != "e""#)
        #expect(
            try asked(#"{app="x"} | drop project="prod-b""#)
                == [#"prod-a+: {app="x"}"#, #"prod-b: {app="x"}"#])
    }

    @Test func `own labels have the names that one Loki gives them`() throws {
        #expect(
            try asked(#"{app="x", exported_project="own"}"#)
                == [#"prod-a+: {app="x", project="own"}"#, #"prod-b+: {app="x", project="own"}"#])
        #expect(
            try asked(#"{app="x"} | json | project_extracted="cart""#)
                == [
                    #"prod-a+: {app="x"} | json | project="cart""#,
                    #"prod-b+: {app="x"} | json | project="cart""#,
                ])
        #expect(
            try asked(
                #"{app="x"} | json | project_extracted="cart" | drop exported_project"#,
                in: Self.owner)
                == [#"prod-a+: {app="x"} | json | project_extracted="cart" | drop project"#])
        #expect(
            try asked(#"{app="x"} | line_format "{{.project_extracted}}{{.app}}""#)
                .first == #"prod-a+: {app="x"} | line_format "{{.project}}{{.app}}""#)
        let labels = LabelSet(["app": "x", "project": "p"])
        #expect(Self.scope.visible(labels, of: 0)["project_extracted"] == "p")
        #expect(Self.owner.visible(labels, of: 0)["exported_project"] == "p")
        #expect(Self.scope.dependsOnOwnLabels(labels, of: 0))
        #expect(!Self.scope.dependsOnOwnLabels(LabelSet(["app": "x"]), of: 0))
        for (text, depends) in [
            (#"{app="x"} | exported_project="a""#, true),
            (#"{app="x"} | keep project_extracted"#, true),
            (#"{app="x", exported_project="a"} | json"#, false),
            (#"{app="x"} | project="a""#, false),
        ] {
            guard case .log(let query) = try LogQLQuery(text) else { continue }
            #expect(try Self.scope.plan(query).dependsOnOwnLabels == depends, "\(text)")
        }
        for (text, depends) in [
            (#"sum by (project_extracted) (rate({app="x"}[1m]))"#, true),
            (#"sum by (project) (rate({app="x"}[1m]))"#, false),
            (#"rate({app="x"}[1m]) / on (exported_project, project) rate({app="x"}[1m])"#, true),
        ] {
            guard case .metric(let expression) = try LogQLQuery(text) else { continue }
            #expect(try Self.scope.plan(expression).dependsOnOwnLabels == depends, "\(text)")
        }
    }

    @Test(arguments: [
        (#"{app="x"} | line_format "{{.project}}""#, "line_format"),
        (#"{app="x"} | line_format "{{ range . }}{{ end }}""#, "line_format"),
        (#"{app="x"} | line_format "{{ $.project }}""#, "line_format"),
        (#"{app="x"} | label_format a="{{.project}}""#, "label_format"),
        (#"{app="x"} | label_format p=project"#, "label_format"),
        (#"{app="x"} | label_format project=p"#, "label_format"),
        (#"{app="x"} | json project="a.b""#, "json"),
        (#"{app="x"} | logfmt project"#, "logfmt"),
        (#"{app="x"} | regexp "(?P<project>.)""#, "regexp"),
        (#"{app="x"} | pattern "<project> <_>""#, "pattern"),
        (#"{app="x"} | project > 5"#, "comparison with 5"),
        (#"{app="x"} | project=ip("10.0.0.0/8")"#, "ip"),
        (#"sum_over_time({app="x"} | unwrap project [1m])"#, "unwrap"),
        (#"label_replace(rate({app="x"}[1m]), "a", "$1", "project", "(.*)")"#, "label_replace"),
        (#"label_replace(vector(1), "project", "a", "b", "")"#, "label_replace"),
    ])
    func `what writes or reads the label otherwise is refused by name`(
        _ text: String, _ construct: String
    ) throws {
        let error = #expect(throws: LogQLRefusal.self) { try asked(text) }
        #expect(error?.status == .badRequest)
        #expect(error?.description.hasPrefix(construct + ": ") == true)
    }

    @Test(arguments: [
        (#"{{ .app }}{{ with .pod }}{{ . }}{{ end }}{{ 1.5 }}"#, true),
        (#"{{ "project" }}{{ $p := .pod }}{{ $p }} .project"#, true),
        (#"{{/* .project */}}{{ .Projects }}{{ __line__ }}"#, true),
        (#"{{ range $i, $e := splitList "," .pod }}{{ $e }}{{ end }}"#, true),
        (#"{{ if eq .a .project }}x{{ end }}"#, false), (#"{{ . }}"#, false),
        (#"{{ with .pod }}{{ $ }}{{ end }}"#, false),
    ])
    func `templates are searched for labels`(_ template: String, _ isTaken: Bool) throws {
        let text = "{app=\"x\"} | line_format `\(template)`"
        if isTaken {
            let own = try asked(text).first
            let query = try LogQLQuery(text)
            #expect(own == "prod-a+: \(query)")
        } else {
            #expect(throws: LogQLRefusal.self) { try asked(text) }
        }
    }

    @Test func `a member alone is asked what was asked`() throws {
        let scope = LogScope(partition: .none, members: [LogMember("prod-a")])
        for text in [
            #"{app="x"} | line_format "{{.project}}" | project="a""#,
            #"topk(2, sum by (project) (rate({app="x"} [1m])))"#,
            #"quantile_over_time(0.9, {app="x"} | json | unwrap project [1m]) by (app)"#,
            #"sum(rate({app="x"} [1m])) / sum(rate({app="y"} [1m]))"#,
        ] {
            #expect(try asked(text, in: scope) == ["prod-a: \(text)"])
        }
    }
}
