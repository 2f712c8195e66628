import HTTPTransport
import ScriptedServers

/// A double on a port of loopback, for the length of a test.
package final class TelemetryServer: Sendable {
    /// What a server does instead of, or before, a good answer.
    package enum Fault: Sendable {
        /// Answers after so many milliseconds.
        case delay(milliseconds: UInt32)
        /// Answers with this status and text.
        case status(Int, String)
        /// Answers 200 with a page of HTML.
        case html
        /// Sends the head and so many bytes of the body, then closes.
        case cut(afterBytes: Int)
        /// Closes without an answer.
        case close
        /// Sends the head, and nothing more before the client goes away.
        case silence
        /// Sends a good beginning and then spaces without end, before the client goes away.
        case endless
    }

    private struct State {
        var fault: (fault: Fault, appliesTo: @Sendable (DoubleRequest) -> Bool)?
    }

    private let server: ScriptedServer
    private let state: LockedValue<State>

    /// - Parameter port: 0 for one of the system's choice.
    package init(_ double: any TelemetryDouble, port: Int = 0) throws {
        let state = LockedValue(State())
        self.state = state
        server = try ScriptedServer(port: port) { request, connection in
            let request = DoubleRequest(request)
            let fault = state.withLock { $0.fault }
            var applied: Fault?
            if let fault, fault.appliesTo(request) { applied = fault.fault }
            return Self.serve(request, by: double, fault: applied, on: connection)
        }
    }

    package var url: String { server.url }
    package var port: Int { server.port }
    /// What was asked so far, in order of arrival.
    package var requests: [DoubleRequest] { server.requests.map(DoubleRequest.init) }

    /// Waits until so many requests have come; false if they have not within some seconds.
    package func received(_ count: Int) async -> Bool { await server.received(count) }

    /// From now on requests meet this fault; nil ends it.
    package func fail(
        _ fault: Fault?, for appliesTo: @escaping @Sendable (DoubleRequest) -> Bool = { _ in true }
    ) {
        state.withLock { state in state.fault = fault.map { ($0, appliesTo) } }
    }

    /// No connection is accepted any more, and those that are open end.
    package func stop() { server.stop() }

    private static func serve(
        _ request: DoubleRequest, by double: any TelemetryDouble, fault: Fault?,
        on connection: Connection
    ) -> Bool {
        switch fault {
        case nil:
            break
        case .delay(let milliseconds):
            connection.pause(milliseconds: milliseconds)
        case .status(let status, let text):
            return send(.refusal(status, text), to: request, on: connection)
        case .html:
            let page = "<!DOCTYPE html><html><body>Sign in</body></html>"
            return connection.answer(page, type: "text/html; charset=utf-8")
        case .close:
            return false
        case .silence:
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            _ = connection.waitForEnd(milliseconds: -1)
            return false
        case .cut(let count):
            let answer = double.answer(request)
            connection.write(
                "HTTP/1.1 200 OK\r\nContent-Type: \(answer.type)\r\n"
                    + "Content-Length: \(max(answer.body.count, count + 1))\r\n\r\n")
            connection.write(Array(answer.body.prefix(count)))
            return false
        case .endless:
            connection.write(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n")
            guard connection.chunk("{") else { return false }
            let spaces = [UInt8](repeating: UInt8(ascii: " "), count: 65536)
            while connection.chunk(spaces) {}
            return false
        }
        let answer = double.answer(request)
        if answer.isWithheld { return false }
        return send(answer, to: request, on: connection)
    }

    private static func send(
        _ answer: DoubleAnswer, to request: DoubleRequest, on connection: Connection
    ) -> Bool {
        var body = answer.body
        var extra = ""
        let accepted = request.header("Accept-Encoding") ?? ""
        if answer.status == 200, accepted.contains("gzip"), !body.isEmpty {
            body = compressed(body)
            extra = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
        }
        let type = answer.type.isEmpty ? "text/plain; charset=utf-8" : answer.type
        return connection.answer(
            body, status: "\(answer.status) \(answer.status == 200 ? "OK" : "Refused")",
            type: type, extra: extra)
    }
}
