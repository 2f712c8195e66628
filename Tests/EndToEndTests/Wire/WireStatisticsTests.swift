import RealServers
import Testing

extension WireTests {
    private static let requests = WireRequest.lines(
        #"""
        GET query | query=up | time=1700000300 | stats=true
        POST query | query=up | time=1700000300 | stats=all
        GET query | query=nope | time=1700000300 | stats=true
        GET query | query=1 | time=1700000300 | stats=true
        GET query | query="text" | time=1700000300 | stats=true
        GET query | query=vector(1) | time=1700000300 | stats=true
        GET query | query=time() + 1 | time=1700000300 | stats=true
        GET query | query=requests_total[1m] | time=1700000302 | stats=true
        GET query | query=rate(requests_total[5m]) | time=1700000302 | stats=true
        GET query | query=sum(up) | time=1700000300 | stats=true
        GET query | query=sum(up) / count(requests_total) | time=1700000300 | stats=true
        GET query | query=max_over_time(up[5m:1m]) | time=1700000302 | stats=true
        GET query_range | query=up | start=1700000000 | end=1700000300 | step=15 | stats=true
        GET query_range | query=up | start=1700000000 | end=1700000300 | step=15 | stats=all
        GET query_range | query=sum(up) | start=1700000000 | end=1700000300 | step=15 | stats=all
        GET query_range | query=1 | start=1700000000 | end=1700000300 | step=15 | stats=true
        GET query_range | query=nope | start=1700000000 | end=1700000300 | step=15 | stats=true
        GET query_range | query=rate(requests_total[2m]) | start=1700000002 | end=1700000302 | step=30 | stats=true
        GET query | query=sum( | stats=true
        """#)

    @Test("What a query cost is told in the same bytes, but for what must differ")
    func statistics() async throws {
        for request in Self.requests {
            let answers = try await answers(request)
            let said = Self.comparable(answers.gateway)
            #expect(said == Self.comparable(answers.labelled), "\(request)")
            #expect((answers.gateway.status == 200) == said.text.contains(#""timings""#))
        }
    }

    /// 3.14 warns of other values; 3.5 takes them silently.
    @Test("Other words for stats are warned of, and understood")
    func otherWords() async throws {
        let request = WireRequest("GET query | query=up | time=1700000300 | stats=yes")
        let answers = try await answers(request)
        let warning =
            #","warnings":["value \"yes\" for parameter \"stats\" is deprecated and will be "#
            + #"rejected in the next major release, use \"true\" or \"all\""]"#
        #expect(answers.gateway.text.hasSuffix(warning + "}"))
        #expect(
            Self.comparable(answers.gateway.replacing(warning, with: ""))
                == Self.comparable(answers.labelled))
    }

    /// Times are those of another machine; how much is in memory at once is the engine's own
    /// affair; and `samplesRead`, which a 3.5 does not count, is told where nobody had to be asked.
    private static func comparable(_ answer: WireAnswer) -> WireAnswer {
        var answer = answer.replacing(#""samplesRead":0,"#, with: "")
        answer.text.replace(
            /"([a-zA-Z]+Time|peakSamples)":[0-9]+(\.[0-9]+)?(e-?[0-9]+)?/
        ) { "\"\($0.output.1)\":0" }
        return answer
    }
}
