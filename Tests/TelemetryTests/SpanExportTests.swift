import Foundation
import GatewayConfiguration
import HTTPTransport
import Logging
import RequestTelemetry
import ScriptedServers
import Synchronization
import Testing
import Tracing
import UpstreamSettings

@testable import TraceExport

/// Exports to a collector of our own that is strict about the contract of OTLP in JSON.
@Suite("Spans on their way to a collector")
struct SpanExportTests {
    private func withExporter(
        _ script: @escaping ScriptedServer.Script, path: String = "",
        _ body: (SpanExporter, ScriptedServer) async throws -> Void
    ) async throws {
        try await withTransport(script) { transport, server in
            var settings = TracingSettings(endpoint: try ServerURL(server.url + path))
            settings.headers = [NamedSecret(name: "x-key", value: Secret("k"))]
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            try await body(
                SpanExporter(settings, transport: transport, logger: logger), server)
        }
    }

    @Test("Spans are exported as the standard wants them")
    func contract() async throws {
        try await withExporter { _, connection in
            connection.answer("{}")
        } _: { exporter, server in
            let tracer = ExportingTracer(exporter)
            var context = ServiceContext.topLevel
            context.traceContext = TraceContext(
                parents: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
                states: ["a=1"])
            let outer = tracer.startSpan("request", context: context, ofKind: .server)
            outer.attributes["number"] = 7
            outer.attributes["share"] = 0.5
            outer.attributes["flag"] = true
            outer.attributes["names"] = ["a", "b"]
            outer.attributes["text"] = "ü\n"
            let inner = tracer.startSpan("member", context: outer.context, ofKind: .client)
            inner.setStatus(SpanStatus(code: .error, message: "refused"))
            inner.recordError(CancellationError())
            inner.end()
            outer.end()
            outer.end()
            await exporter.exportAll()

            let request = try #require(server.requests.first)
            #expect(server.requests.count == 1)
            #expect(request.method == "POST" && request.target == "/v1/traces")
            #expect(request.header("Content-Type") == "application/json")
            #expect(request.header("x-key") == "k")
            let spans = try CollectedSpan.read(request.bodyBytes)
            #expect(spans.map(\.name) == ["member", "request"])
            let (member, whole) = (try #require(spans.first), try #require(spans.last))
            #expect(whole.kind == 2 && member.kind == 3)
            #expect(whole.traceId == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(whole.parentSpanId == "00f067aa0ba902b7")
            #expect(whole.traceState == "a=1")
            #expect(member.parentSpanId == whole.spanId && member.traceId == whole.traceId)
            #expect(member.status == 2 && whole.status == 0)
            #expect(member.events == 1)
            #expect(
                whole.attributes == [
                    "number": #"{"intValue":"7"}"#, "share": #"{"doubleValue":0.5}"#,
                    "flag": #"{"boolValue":true}"#, "text": #"{"stringValue":"ü\n"}"#,
                    "names":
                        #"{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}"#,
                ])
            #expect(exporter.counts == (exported: 2, dropped: 0))
        }
    }

    @Test("A path of the endpoint is taken as it is")
    func path() async throws {
        try await withExporter(
            { _, connection in connection.answer("{}") }, path: "/otlp/v1/traces"
        ) { exporter, server in
            ExportingTracer(exporter).startSpan("one").end()
            await exporter.exportAll()
            #expect(server.requests.map(\.target) == ["/otlp/v1/traces"])
        }
    }

    @Test("A collector that is busy is asked again; one that refuses is not")
    func again() async throws {
        let answers = Mutex(["503 Busy", "200 OK", "400 Bad"])
        try await withExporter { _, connection in
            connection.answer("{}", status: answers.withLock { $0.removeFirst() })
        } _: { exporter, server in
            let tracer = ExportingTracer(exporter)
            tracer.startSpan("one").end()
            await exporter.exportAll()
            #expect(exporter.counts == (exported: 1, dropped: 0))
            tracer.startSpan("two").end()
            await exporter.exportAll()
            #expect(exporter.counts == (exported: 1, dropped: 1))
            #expect(server.requests.count == 3)
        }
    }

    @Test("Spans that a collector rejects are counted")
    func rejected() async throws {
        try await withExporter { _, connection in
            connection.answer(#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}"#)
        } _: { exporter, _ in
            for _ in 0..<3 { ExportingTracer(exporter).startSpan("one").end() }
            await exporter.exportAll()
            #expect(exporter.counts == (exported: 2, dropped: 1))
        }
    }

    @Test("A collector that is away costs a bounded number of spans")
    func bounded() async throws {
        try await withExporter { _, connection in
            connection.answer("{}", status: "503 Busy")
        } _: { exporter, _ in
            for _ in 0..<SpanExporter.mostWaiting + 5 {
                ExportingTracer(exporter).startSpan("one").end()
            }
            #expect(exporter.counts == (exported: 0, dropped: 5))
            await exporter.exportAll(attempts: 1)
            #expect(exporter.counts == (exported: 0, dropped: 5 + SpanExporter.batch))
        }
    }

    @Test("A request whose client records nothing makes no spans, and passes its trace on")
    func unsampled() async throws {
        try await withExporter { _, connection in
            connection.answer("{}")
        } _: { exporter, server in
            let trace = TraceContext(
                parents: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"])
            let scope = RequestScope(trace: trace, tracer: ExportingTracer(exporter), sampling: 1)
            #expect(scope.span == nil && scope.trace == trace)
            let own = RequestScope(tracer: ExportingTracer(exporter), sampling: 0)
            #expect(own.span == nil && own.trace?.isSampled == false)
            await exporter.exportAll()
            #expect(server.requests.isEmpty)
        }
    }
}
