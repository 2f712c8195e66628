import Members

/// What the clients know about their members, as metrics.
struct MemberMetrics: Sendable {
    let clients: MemberClients

    func exposition() -> ExpositionText {
        let members = clients.named.map { (name: $0.name, health: $0.client.health) }
        var text = ExpositionText()
        func family(
            _ name: String, _ kind: ExpositionText.Kind, _ help: String,
            _ value: (MemberHealth) -> Double?
        ) {
            text.family(name, kind, help)
            for member in members {
                guard let value = value(member.health) else { continue }
                text.sample([("member", member.name)], value)
            }
        }
        family("tributary_member_requests_total", .counter, "Requests sent, retries included.") {
            Double($0.requests)
        }
        family("tributary_member_retries_total", .counter, "Requests that were sent again.") {
            Double($0.retries)
        }
        family("tributary_member_failures_total", .counter, "Operations that a member failed.") {
            Double($0.failures)
        }
        family(
            "tributary_member_up", .gauge, "0 while a member is not asked because it kept failing."
        ) { $0.circuit == .open ? 0 : 1 }
        family(
            "tributary_member_latency_seconds", .gauge,
            "Time to the head of an answer, the newest weighing most."
        ) { $0.latency.map { $0 / 1000 } }
        text.family(
            "tributary_member_http_info", .gauge, "The protocol of a member's newest answer.")
        for member in members {
            guard let version = member.health.httpVersion else { continue }
            text.sample([("member", member.name), ("version", version)], 1)
        }
        family(
            "tributary_member_received_bytes_total", .counter, "Bytes of bodies over the wire."
        ) { Double($0.wireBytes) }
        family(
            "tributary_member_inflated_bytes_total", .counter, "Bytes of bodies once inflated."
        ) { Double($0.inflatedBytes) }
        return text
    }
}
