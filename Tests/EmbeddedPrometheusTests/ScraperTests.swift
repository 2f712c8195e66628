import EmbeddedPrometheus
import GoText
import Logging
import PromQL
import PrometheusServer
import Synchronization
import Testing
import TimeSeries

@Suite("Scraping")
struct ScraperTests {
    @Test(
        "Target addresses",
        arguments: [
            ("http://a:9100/metrics", "a:9100", "/metrics"),
            ("http://a:9100", "a:9100", "/metrics"),
            ("http://a", "a:80", "/metrics"), ("http://a:1/", "a:1", "/metrics"),
            ("http://[::1]:9/x?y=z", "[::1]:9", "/x?y=z"), ("http://a?y=z", "a:80", "?y=z"),
        ])
    func addresses(_ url: String, _ instance: String, _ path: String) throws {
        let target = try #require(ScrapeTarget(job: "j", url: url))
        #expect(target.instance == instance)
        #expect(target.path == path)
    }

    @Test(
        "Other addresses are refused",
        arguments: ["https://a", "a:9100", "http://", "http://a:x", "http://a:0", "http://a:70000"])
    func badAddresses(_ url: String) {
        #expect(ScrapeTarget(job: "j", url: url) == nil)
    }

    @Test("A page's series are stored with the target's labels; what disappears goes stale")
    func scrapes() async throws {
        let pages = Mutex(["a{job=\"own\"} 1\nb 2\n", "b 3\nnew 1\n", "broken", "b 4\n"])
        let clock = Mutex<Timestamp>(0)
        var routes = RouteTable()
        routes.on("GET", path: "/metrics", traits: []) { _ in
            .text(pages.withLock { $0.removeFirst() })
        }
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = PrometheusServer(
            responder: PrometheusResponder(routes: routes), host: "127.0.0.1", port: 0,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onListening: { listening.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let store = MemoryStore()
            let target = try #require(ScrapeTarget(job: "j", url: "http://127.0.0.1:\(port)"))
            let scraper = Scraper(
                targets: [target], store: store,
                now: {
                    clock.withLock { time in
                        time += 1000
                        return time
                    }
                })
            var known: Set<LabelSet> = []
            for _ in 0..<4 { known = await scraper.scrape(target, previous: known) }
            #expect(known.count == 1)

            func points(_ name: String) throws -> [String] {
                let matcher = LabelMatcher("__name__", .equal, name)
                let found = try store.series(matching: [matcher], from: 0, through: 99_000)
                #expect(found.count == 1)
                #expect(found[0].labels["job"] == "j")
                #expect(found[0].labels["instance"] == "127.0.0.1:\(port)")
                return zip(found[0].times, found[0].values).map {
                    SampleValue.isStale($1)
                        ? "\($0.wholeSeconds) stale" : "\($0.wholeSeconds) \($1)"
                }
            }
            #expect(try points("a") == ["1 1.0", "2 stale"])
            #expect(try points("b") == ["1 2.0", "2 3.0", "3 stale", "4 4.0"])
            #expect(try points("new") == ["2 1.0", "3 stale"])
            #expect(try points("up") == ["1 1.0", "2 1.0", "3 0.0", "4 1.0"])
            #expect(try points("scrape_samples_scraped").first == "1 2.0")
            let own = try store.series(
                matching: [LabelMatcher("exported_job", .equal, "own")], from: 0, through: 9000)
            #expect(own.count == 1)
            group.cancelAll()
        }
    }
}
