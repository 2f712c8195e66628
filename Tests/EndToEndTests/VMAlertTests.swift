import Foundation
import RealServers
import Synchronization
import TestSupport
import Testing

/// Rules that a real vmalert evaluates over the gateway: what docs/alerting.md says of them.
@Suite(
    .enabled(
        if: VMAlertServer.tool != nil, "no vmalert is here: run scripts/fetch-victoriametrics"),
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct VMAlertTests {
    /// A page of one gauge, whose value a test changes.
    private final class Page: Sendable {
        private let value: Mutex<Int>
        init(_ value: Int) { self.value = Mutex(value) }
        func set(_ value: Int) { self.value.withLock { $0 = value } }

        func server() throws -> LoopbackServer {
            try LoopbackServer { [self] _, socket in
                let text = "queue_length \(value.withLock { $0 })\n"
                try socket.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
                        + "\(text.utf8.count)\r\nConnection: close\r\n\r\n\(text)")
            }
        }
    }

    /// Two members that scrape a queue each, the gateway over them, and vmalert over the gateway.
    private struct Scene {
        let pages = [Page(10), Page(10)]
        let targets: [LoopbackServer]
        let members: [PrometheusServer]
        let gateway: GatewayServer
        let receiver: LoopbackServer
        let alerts: VMAlertServer

        init(rules: String, in folder: String) throws {
            targets = try pages.map { try $0.server() }
            members = try zip(["a", "b"], targets).map { name, target in
                try PrometheusServer(
                    name: name, directory: folder,
                    configuration: """
                        global: {scrape_interval: 1s, scrape_timeout: 1s}
                        scrape_configs:
                          - job_name: shop
                            static_configs: [{targets: ["127.0.0.1:\(target.port)"]}]

                        """)
            }
            gateway = try GatewayServer(
                name: "gateway",
                members: [
                    .init(name: "a", url: members[0].address.url),
                    .init(name: "b", url: members[1].address.url),
                ], projects: [.init(name: "all", members: ["a", "b"])], directory: folder)
            receiver = try LoopbackServer.answering("{}")
            alerts = try VMAlertServer(
                over: gateway.project("all"), rules: rules, notifying: receiver.address,
                directory: folder)
        }

        func stop() {
            alerts.process.stop()
            gateway.process.stop()
            for member in members { member.process.stop() }
            for target in targets { target.stop() }
            receiver.stop()
        }

        func wait(_ what: String, until isSo: () throws -> Bool) throws {
            let deadline = Date(timeIntervalSinceNow: 120)
            while try !isSo() {
                guard Date() < deadline else {
                    throw TestFailure("\(what) did not happen:\n\(alerts.process.log.suffix(2000))")
                }
                usleep(100_000)
            }
        }

        /// Texts of the notifications that came so far.
        var notifications: [String] {
            receiver.queries.map { String(decoding: $0.body, as: UTF8.self) }
        }
    }

    @Test("An alert over all members fires by their sum, names the member, and resolves")
    func firesAndResolves() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let scene = try Scene(
                    rules: """
                        groups:
                          - name: shop
                            rules:
                              - alert: QueuesAreLong
                                expr: sum(queue_length) > 15
                                labels: {severity: page}
                                annotations: {summary: "{{ $value }} orders wait"}
                              - alert: QueueIsLong
                                expr: queue_length > 15

                        """, in: folder)
                defer { scene.stop() }
                // Neither member alone has more than 15.
                try scene.wait("the alert") {
                    try scene.alerts.rule("QueuesAreLong")?["state"]?.text == "firing"
                }
                #expect(try scene.alerts.rule("QueueIsLong")?["state"]?.text == "inactive")
                try scene.wait("a notification") {
                    scene.notifications.contains { $0.contains("20 orders wait") }
                }
                scene.pages[1].set(30)
                try scene.wait("the alert of one member") {
                    try scene.alerts.rule("QueueIsLong")?["state"]?.text == "firing"
                }
                let alert = try scene.alerts.rule("QueueIsLong")?["alerts"]?.items?.first
                #expect(alert?["labels"]?["project"]?.text == "b")
                for page in scene.pages { page.set(1) }
                for name in ["QueuesAreLong", "QueueIsLong"] {
                    try scene.wait("the end of \(name)") {
                        try scene.alerts.rule(name)?["state"]?.text == "inactive"
                    }
                }
            }
        }
    }

    @Test("A member that is down makes no false alert: the rule fails, and says who is missing")
    func noFalseAlert() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let scene = try Scene(
                    rules: """
                        groups:
                          - name: shop
                            rules:
                              - {alert: NoQueueAnywhere, expr: absent(queue_length > 15)}
                              - {alert: QueueIsLong, expr: queue_length > 15}

                        """, in: folder)
                defer { scene.stop() }
                scene.pages[1].set(30)
                try scene.wait("the alert of b") {
                    try scene.alerts.rule("QueueIsLong")?["state"]?.text == "firing"
                }
                try scene.wait("an evaluation") {
                    try scene.alerts.rule("NoQueueAnywhere")?["state"]?.text == "inactive"
                }
                scene.members[1].process.stop()
                // Without b nothing is above 15, so that `absent` over a alone would fire.
                try scene.wait("the failure of the rule") {
                    let rule = try scene.alerts.rule("NoQueueAnywhere")
                    #expect(rule?["state"]?.text != "firing")
                    return rule?["lastError"]?.text?.contains("project \\\"b\\\"") == true
                        || rule?["lastError"]?.text?.contains("project \"b\"") == true
                }
                #expect(
                    try scene.alerts.rule("NoQueueAnywhere")?["lastError"]?.text?.contains(
                        "could be wrong without it") == true)
            }
        }
    }
}
