import GoText
import PrometheusServer
import ScriptedServers
import Testing
import Upstream

@testable import Gateway
@testable import GatewayState

/// What people who look after the gateway are told.
@Suite(.closesGateways) struct NotificationTests {
    private static let yaml = """
        projects:
          - {name: a, prometheus: {url: http://127.0.0.1:1}}
        auth: {tokens: [{name: root, token: root-token, admin: true}, {name: one, token: one-token, projects: [a]}]}
        """

    private func texts(_ notifications: [Notification]) -> [String] { notifications.map(\.text) }

    @Test func `A reload that failed is notified of until one is taken`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        #expect(
            try await gateway.get("/api/v1/notifications").body
                == #"{"status":"success","data":[]}"#)
        gateway.write("projects: [{name: c, promtheus: {url: http://a}}]\n")
        #expect(try await gateway.send("POST", "/-/reload").status == 500)
        let told = try await gateway.get("/api/v1/notifications").body
        #expect(told.contains(#"{"text":"Configuration reload has failed. The former "#))
        #expect(told.contains("did you mean prometheus?"))
        #expect(told.contains(#""active":true}"#))
        // It tells of the whole configuration, so that it is not for everybody.
        let other = try await gateway.send(
            "GET", "/p/a/api/v1/notifications", headers: ["Authorization": "Bearer one-token"])
        #expect(other.body == #"{"status":"success","data":[]}"#)
        gateway.write(Self.yaml)
        #expect(try await gateway.send("POST", "/-/reload").status == 200)
        #expect(
            try await gateway.get("/api/v1/notifications").body
                == #"{"status":"success","data":[]}"#)
    }

    @Test func `A member is notified of once it has been away for a minute`() async throws {
        let gateway = try await TestGateway(Self.yaml)
        let client = try #require(
            gateway.application.live.current.value.clients.projects["a"])
        let presence = await client.probe()
        #expect(presence.state == .down)
        let since = try #require(presence.since)
        func told(after seconds: Int64) -> [Notification] {
            Notifications(
                nil, members: [("a", "a", presence)], now: since + Milliseconds(seconds * 1000)
            ).all
        }
        #expect(told(after: 59).isEmpty)
        #expect(told(after: 60).map(\.date) == [since])
        #expect(texts(told(after: 60))[0].hasPrefix("Member a does not answer: "))
        #expect(told(after: 600).map(\.project) == ["a"])
    }

    @Test func `A store that does not answer is notified of until it does`() {
        let state = ReloadState(hasStore: true)
        state.record(storeFailure: "connection refused")
        let first = Notifications(state.value, members: [], now: 0).all
        #expect(
            texts(first) == [
                "The store does not answer. What is in force stays so: connection refused"
            ])
        state.record(storeFailure: "timed out")
        #expect(
            Notifications(state.value, members: [], now: 0).all.map(\.date) == first.map(\.date))
        #expect(state.value.isStoreUp == false)
        state.record(storeFailure: nil)
        #expect(Notifications(state.value, members: [], now: 0).all.isEmpty)
        #expect(state.value.isStoreUp == true)
    }

    @Test func `The stream begins with what holds, and tells what begins and ends`() async throws {
        let first = Notification(text: "one", date: 1000)
        let second = Notification(text: "two", date: 2000)
        let looks = Counter()
        let response = NotificationStream(look: .milliseconds(5)).stream {
            looks.add(1)
            return looks.value < 3 ? [first] : [second]
        }
        let reader = Task { try await response.collected().body }
        #expect(await looks.reaches(5))
        reader.cancel()
        let events = [
            #"{"text":"one","date":"1970-01-01T00:00:01Z","active":true}"#,
            #"{"text":"one","date":"1970-01-01T00:00:01Z","active":false}"#,
            #"{"text":"two","date":"1970-01-01T00:00:02Z","active":true}"#,
        ]
        #expect(
            String(decoding: try await reader.value, as: UTF8.self)
                == events.map { "data: \($0)\n\n" }.joined())
    }
}
