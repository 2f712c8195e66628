import GatewayConfiguration
import Testing

/// What is told about a wrong configuration, word by word.
@Suite struct ConfigurationErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var yaml: String
        var environment: [String: String] = [:]
        var errors: [String]
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "an empty file", yaml: "",
            errors: ["c.yaml: the file is empty; it needs at least projects"]),
        Case(
            name: "no projects", yaml: "query: {lookback: 5m}\n",
            errors: [
                "c.yaml:1:1: projects: there are no projects; list at least one, with a name and a "
                    + "prometheus url"
            ]),
        Case(
            name: "the seed's projects without their definitions",
            yaml: """
                projects:
                  - name: prod-eu
                    # regular project definition omitted for brevity

                  - name: prod-us
                    # regular project definition omitted for brevity

                  - name: prod-global
                    memberProjects:
                      - prod-eu
                      - prod-us
                """,
            errors: ["prod-eu", "prod-us"].enumerated().map { index, name in
                "c.yaml:\(index * 3 + 2):5: projects[\(index)]: project \(name): no data source and "
                    + "no api keys are defined; write prometheus: {url: ...}, replicas, "
                    + "remoteCoroot, clusterPool or memberProjects, or loki, tempo or pyroscope, "
                    + "or globalPrometheus for the whole file"
            }),
        Case(
            name: "a project without a name",
            yaml: "projects:\n  - prometheus: {url: http://a}\n",
            errors: ["c.yaml:2:5: projects[0].name: project #0: name is required"]),
        Case(
            name: "a name with capitals",
            yaml: "projects:\n  - {name: Prod, prometheus: {url: http://a}}\n",
            errors: [
                "c.yaml:2:12: projects[0].name: project Prod: \"Prod\" is not a project name; write "
                    + "1 to 63 of a-z, 0-9, - and _"
            ]),
        Case(
            name: "a name used twice",
            yaml: """
                projects:
                  - {name: a, prometheus: {url: http://a}}
                  - {name: a, prometheus: {url: http://b}}
                """,
            errors: [
                "c.yaml:3:12: projects[1].name: project a: duplicate project name: line 2 has it "
                    + "already; give every project a name of its own"
            ]),
        Case(
            name: "two sources",
            yaml: """
                projects:
                  - name: a
                    prometheus: {url: http://a}
                    remoteCoroot: {url: http://b, apiKey: k}
                """,
            errors: [
                "c.yaml:2:5: projects[0]: project a: prometheus and remoteCoroot exclude each "
                    + "other; keep one of them"
            ]),
        Case(
            name: "members before they are defined",
            yaml: """
                projects:
                  - name: all
                    memberProjects: [a]
                  - {name: a, prometheus: {url: http://a}}
                """,
            errors: [
                "c.yaml:3:22: projects[0].memberProjects[0]: project all: unknown member a: it is "
                    + "defined later, in line 4; move project a before this one"
            ]),
        Case(
            name: "members that do not exist, twice, nested, or the project itself",
            yaml: """
                projects:
                  - {name: prod-eu, prometheus: {url: http://a}}
                  - {name: one, memberProjects: [prod-eu]}
                  - name: all
                    memberProjects: [prod-ue, prod-eu, prod-eu, one, all]
                """,
            errors: [
                "c.yaml:5:22: projects[2].memberProjects[0]: project all: unknown member prod-ue; "
                    + "did you mean prod-eu?",
                "c.yaml:5:40: projects[2].memberProjects[2]: project all: duplicate member "
                    + "prod-eu; list every member once",
                "c.yaml:5:49: projects[2].memberProjects[3]: project all: member one is itself a "
                    + "multi-cluster project; list the members of one instead",
                "c.yaml:5:54: projects[2].memberProjects[4]: project all: a multi-cluster project "
                    + "cannot include itself; remove all",
            ]),
        Case(
            name: "a multi-cluster project with keys",
            yaml: """
                projects:
                  - {name: a, prometheus: {url: http://a}}
                  - name: all
                    memberProjects: [a]
                    apiKeys: [{key: k}]
                """,
            errors: [
                "c.yaml:5:14: projects[1].apiKeys: project all: a multi-cluster project has no api "
                    + "keys; use the keys of its members, or auth.tokens"
            ]),
        Case(
            name: "keys that are empty or shared",
            yaml: """
                projects:
                  - {name: a, prometheus: {url: http://a}, apiKeys: [{key: k}, {description: d}]}
                  - {name: b, prometheus: {url: http://b}, apiKeys: [{key: k}]}
                """,
            errors: [
                "c.yaml:2:64: projects[0].apiKeys[1].key: project a: invalid api key #1: key is "
                    + "required; write key: ${VARIABLE}, or keySecret with name and key",
                "c.yaml:3:53: projects[1].apiKeys: project b: duplicate key: project a has the same "
                    + "one; give every project keys of its own",
            ]),
        Case(
            name: "an unknown key is told with the one that was meant",
            yaml: """
                project: []
                projects:
                  - {name: a, promethius: {url: http://a}, colour: red}
                """,
            errors: [
                "c.yaml:1:1: project: unknown key project; did you mean projects?",
                "c.yaml:3:15: projects[0].promethius: project a: unknown key promethius; did you "
                    + "mean prometheus?",
                "c.yaml:3:44: projects[0].colour: project a: unknown key colour; known here are "
                    + "name, prometheus, replicas, replicaLabels, dedup, remoteCoroot, clusterPool, "
                    + "loki, tempo, pyroscope, memberProjects, apiKeys, partialResponse, externalUrl, "
                    + "exactness, timeRange, "
                    + "labels, memberSelector, discovery, selector and keepLabel",
                "c.yaml:3:5: projects[0]: project a: no data source and no api keys are defined; "
                    + "write prometheus: {url: ...}, replicas, remoteCoroot, clusterPool or "
                    + "memberProjects, or loki, tempo or pyroscope, "
                    + "or globalPrometheus for the whole file",
            ]),
        Case(
            name: "a variable that is not set is named, and nothing follows from it",
            yaml: """
                projects:
                  - name: a
                    remoteCoroot: {url: "${A_URL}", apiKey: "${A_KEY}", metricResolution: 15s}
                """,
            environment: ["A_URL": "https://a.example.com/coroot/"],
            errors: [
                "c.yaml:3:45: projects[0].remoteCoroot.apiKey: environment variable A_KEY is not "
                    + "set; set it, or write $$ for a literal $"
            ]),
        Case(
            name: "a remote without scheme, without key, and too fast",
            yaml: """
                projects:
                  - name: a
                    remoteCoroot:
                      url: coroot.example.com
                      metricResolution: 500ms
                """,
            errors: [
                "c.yaml:4:7: projects[0].remoteCoroot.apiKey: project a: missing api key; write "
                    + "apiKey: ${VARIABLE}, or apiKeySecret with name and key",
                "c.yaml:4:12: projects[0].remoteCoroot.url: project a: the URL is "
                    + "not an absolute http or https URL; write it as https://host:port/prefix",
                "c.yaml:5:25: projects[0].remoteCoroot.metricResolution: project a: "
                    + "metric_resolution too short; write at least 1s",
            ]),
        Case(
            name: "a password in a URL is not repeated",
            yaml: "projects:\n  - {name: a, prometheus: {url: \"http://u:secret@a\"}}\n",
            errors: [
                "c.yaml:2:33: projects[0].prometheus.url: project a: the URL holds a user name or "
                    + "password; write them under basicAuth"
            ]),
        Case(
            name: "a misspelt key before what its mapping lacks without it",
            yaml: """
                projects:
                  - name: us
                    prometeus: {url: http://a}
                  - apiKeys: []
                    nam: eu
                    prometheus: {url: http://a}
                """,
            errors: [
                "c.yaml:3:5: projects[0].prometeus: project us: unknown key prometeus; did you mean "
                    + "prometheus?",
                "c.yaml:5:5: projects[1].nam: project #1: unknown key nam; did you mean name?",
                "c.yaml:2:5: projects[0]: project us: no data source and no api keys are defined; "
                    + "write prometheus: {url: ...}, replicas, remoteCoroot, clusterPool or "
                    + "memberProjects, or loki, tempo or pyroscope, "
                    + "or globalPrometheus for the whole file",
                "c.yaml:4:5: projects[1].name: project #1: name is required",
            ]),
        Case(
            name: "a certificate without its key",
            yaml:
                "tls: {certFile: /nowhere/a.pem}\nprojects: [{name: a, prometheus: {url: http://a}}]\n",
            errors: [
                "c.yaml:1:6: tls.keyFile: a file is needed; certFile and keyFile belong together"
            ]),
        Case(
            name: "certificates that are not there",
            yaml:
                "tls: {certFile: /nowhere/a.pem, keyFile: b}\nprojects: [{name: a, prometheus: {url: http://a}}]\n",
            errors: [
                "c.yaml:1:17: tls.certFile: /nowhere/a.pem cannot be read: No such file or "
                    + "directory; name a file that can be read"
            ]),
        Case(
            name: "values of the wrong kind",
            yaml: """
                projects: [{name: a, prometheus: {url: http://a, timeout: soon, rangeParts: 17}}]
                query: {maxSamples: many, lookback: 0s, rangeBoundary: open, features: [fast]}
                limits: {maxResponseBytes: 12, maxSeries: 0}
                """,
            errors: [
                "c.yaml:1:59: projects[0].prometheus.timeout: project a: is not a "
                    + "duration; write a number and a unit, as 15s, 5m or 1h30m",
                "c.yaml:1:77: projects[0].prometheus.rangeParts: project a: is more than 16; "
                    + "write 1 to 16",
                "c.yaml:2:21: query.maxSamples: is not a whole number of at least 1",
                "c.yaml:2:37: query.lookback: is shorter than 1ms",
                "c.yaml:2:56: query.rangeBoundary: is not one of auto, leftOpen, closed; "
                    + "write auto, leftOpen, closed",
                "c.yaml:2:73: query.features[0]: is not one of "
                    + "promql-experimental-functions, promql-duration-expr, "
                    + "promql-extended-range-selectors, promql-binop-fill-modifiers, "
                    + "promql-delayed-name-removal, use-start-timestamps, type-and-unit-labels; "
                    + "write promql-experimental-functions, promql-duration-expr, "
                    + "promql-extended-range-selectors, promql-binop-fill-modifiers, "
                    + "promql-delayed-name-removal, use-start-timestamps, type-and-unit-labels",
                "c.yaml:3:28: limits.maxResponseBytes: is not a size of at least 1KiB; "
                    + "write bytes, or a number with KiB, MiB or GiB",
                "c.yaml:3:43: limits.maxSeries: is not a whole number of at least 1",
            ]),
        Case(
            name: "an address others can reach, without auth",
            yaml: """
                listen_address: :9090
                projects: [{name: a, prometheus: {url: http://a}}]
                """,
            errors: [
                "c.yaml:1:17: listen_address: 0.0.0.0:9090 can be reached from other machines, but "
                    + "auth is not configured; add auth.tokens, or auth: {anonymous: true} to let "
                    + "everybody read"
            ]),
        Case(
            name: "a default project and a token for projects that do not exist",
            yaml: """
                defaultProject: prod-ue
                auth: {tokens: [{name: t, token: 12345678, projects: [prod]}]}
                projects: [{name: prod-eu, prometheus: {url: http://a}}]
                """,
            errors: [
                "c.yaml:1:17: defaultProject: unknown project prod-ue; did you mean prod-eu?",
                "c.yaml:2:55: auth.tokens[0].projects[0]: token t: unknown project prod; did "
                    + "you mean prod-eu?",
            ]),
        Case(
            name: "pools of unknown clusters, empty pools and unknown pools",
            yaml: """
                clusters: [{name: c1, prometheus: {url: http://a}}]
                clusterPools: {default: [c2], empty: []}
                clusterPoolAttributes: [{project: p, domain: d, clusterPoolName: defualt}]
                projects: [{name: a, clusterPool: other}]
                """,
            errors: [
                "c.yaml:2:38: clusterPools.empty: cluster pool empty: the pool has no clusters; "
                    + "list the names of its clusters",
                // What names others may only follow from what is wrong with those.
                "c.yaml:2:26: clusterPools.default[0]: cluster pool default: unknown cluster c2; "
                    + "did you mean c1?",
                "c.yaml:3:25: clusterPoolAttributes[0]: unknown cluster pool defualt; did you mean "
                    + "default?",
                "c.yaml:4:35: projects[0].clusterPool: unknown cluster pool other; add it to "
                    + "clusterPools",
            ]),
        Case(
            name: "buckets that differ within a pool",
            yaml: """
                clusters:
                  - {name: c1, prometheus: {url: http://a}, storage: {bucketName: one}}
                  - {name: c2, prometheus: {url: http://b}, storage: {bucketName: two}}
                clusterPools: {default: [c1, c2]}
                projects: [{name: a, clusterPool: default}]
                """,
            errors: [
                "c.yaml:4:15: clusterPools: clusters c1 and c2 of pool default have different "
                    + "buckets: one and two; correct storage.bucketName, or set bucketRule: warn"
            ]),
        Case(
            name: "text that is not YAML", yaml: "projects: [\n",
            errors: [
                "c.yaml:2:1: is not YAML: while parsing a flow node did not find expected node "
                    + "content"
            ]),
        Case(
            name: "a custom resource that breaks the rule of its schema",
            yaml: """
                kind: Coroot
                spec:
                  projects:
                    - name: a
                      apiKeys: [{key: k}]
                      remoteCoroot: {url: http://a, apiKey: k, metricResolution: 15s}
                    - name: b
                """,
            errors: [
                "c.yaml:4:7: spec.projects[0]: project a: exactly one of memberProjects "
                    + "(non-empty), remoteCoroot, apiKeys (non-empty) must be set",
                "c.yaml:7:7: spec.projects[1]: project b: exactly one of memberProjects "
                    + "(non-empty), remoteCoroot, apiKeys (non-empty) must be set",
            ]),
    ]

    @Test(arguments: cases)
    func everyErrorIsToldAtOnceWithPlaceAndMend(_ example: Case) {
        do throws(ConfigurationErrors) {
            let configuration = try Configuration.parse(
                example.yaml, path: "c.yaml", environment: example.environment)
            Issue.record("accepted: \(configuration)")
        } catch let failure {
            let lines = failure.description.split(separator: "\n").map(String.init)
            #expect(lines == example.errors)
        }
    }

    @Test func aMissingFileIsSaidToBeMissing() {
        #expect(throws: ConfigurationErrors.self) {
            _ = try Configuration.load(path: "/nonexistent/c.yaml")
        }
    }
}
