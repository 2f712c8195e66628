import PromQLScripts
import PromQLTest
import Testing

/// Scripts that say something wrong must fail, at the line that says it.
@Suite struct ScriptRunning {
    private static let data = """
        load 1m
          x{a="1"} 1 2 3
          x{a="2"} 10 20 30
          h {{count:2 sum:3 buckets:[1 1]}}


        """

    private func failures(_ evaluation: String) throws -> [ScriptReport.Failure] {
        let script = try PromQLScript(parsing: Self.data + evaluation)
        return ScriptRunner().run(script, name: "script").failures
    }

    @Test(arguments: [
        "eval instant at 1m x\n  x{a=\"1\"} 2\n  x{a=\"2\"} 20",
        "eval instant at 1m x{a=\"1\"}\n  x{a=\"1\"} 2.0000001",
        "eval instant at 1m x > 100",
        "eval range from 0 to 2m step 1m x{a=\"1\"}\n  x{a=\"1\"} 1 2 3",
        "eval range from 1m to 2m step 1m 4\n  {} 4 4",
        "eval instant at 0 h\n  h {{count:2 sum:3 buckets:[1 1 0]}}",
        "eval instant at 0 1 +\n  expect fail",
        "eval instant at 0 \"a\"\n  expect string \"a\"",
        "eval instant at 1m x{a=\"1\"}[2m]\n  expect range vector from 0 to 1m step 1m\n"
            + "  x{a=\"1\"} 1 2",
        "eval_ordered instant at 1m sort_desc(x)\n  x{a=\"2\"} 20\n  x{a=\"1\"} 2",
        "eval instant at 1m rate(x{a=\"1\"}[3m])\n  expect info regex: might not be a counter\n"
            + "  {a=\"1\"} 0.008333333333333333",
    ])
    func `What is right passes`(evaluation: String) throws {
        let failures = try failures(evaluation)
        #expect(failures.isEmpty, "\(failures)")
    }

    @Test(arguments: [
        // Values, too many and too few series.
        "eval instant at 1m x\n  x{a=\"1\"} 2\n  x{a=\"2\"} 20.001",
        "eval instant at 1m x\n  x{a=\"1\"} 2",
        "eval instant at 1m x{a=\"1\"}\n  x{a=\"1\"} 2\n  x{a=\"2\"} 20",
        "eval instant at 1m x{a=\"1\"}\n  {a=\"1\"} 2",
        "eval instant at 1m x{a=\"1\"}\n  x{a=\"1\"} NaN",
        "eval instant at 1m x{a=\"1\"}\n  x{a=\"1\"} {{count:2}}",
        "eval instant at 1m x{a=\"1\"}\n  2",
        "eval range from 0 to 2m step 1m x{a=\"1\"}\n  x{a=\"1\"} 1 2",
        "eval range from 0 to 2m step 1m x{a=\"1\"}\n  x{a=\"1\"} 1 2 _",
        "eval range from 0 to 2m step 1m x{a=\"1\"}\n  x{a=\"1\"} 1 2 3 4",
        // Histograms: buckets, sum, schema and, where it is named, the hint.
        "eval instant at 0 h\n  h {{count:2 sum:3 buckets:[1 2]}}",
        "eval instant at 0 h\n  h {{count:2 sum:4 buckets:[1 1]}}",
        "eval instant at 0 h\n  h {{schema:1 count:2 sum:3 buckets:[1 1]}}",
        "eval instant at 0 h\n  h {{count:2 sum:3 offset:1 buckets:[1 1]}}",
        "eval instant at 0 h\n  h {{count:2 sum:3 buckets:[1 1] counter_reset_hint:gauge}}",
        // Order, strings, failures.
        "eval_ordered instant at 1m sort_desc(x)\n  x{a=\"1\"} 2\n  x{a=\"2\"} 20",
        "eval instant at 0 \"a\"\n  expect string \"b\"",
        "eval instant at 0 1 + 1\n  expect fail",
        "eval instant at 0 1 +",
        "eval instant at 0 1 +\n  expect fail msg: something else",
        "eval instant at 0 1 +\n  expect fail regex: something else",
        // Annotations: one that is missing, one too many, one where there must be none.
        "eval instant at 1m x{a=\"1\"}\n  expect warn\n  x{a=\"1\"} 2",
        "eval instant at 1m rate(x{a=\"1\"}[3m])\n  expect no_info\n  {a=\"1\"} 0.008333333333333333",
        "eval instant at 1m rate(x{a=\"1\"}[3m])\n  expect info msg: other\n"
            + "  {a=\"1\"} 0.008333333333333333",
        // A range vector where none was announced.
        "eval instant at 1m x{a=\"1\"}[2m]\n  x{a=\"1\"} 1",
    ])
    func `What is wrong fails at its line`(evaluation: String) throws {
        #expect(try failures(evaluation).map(\.line) == [6])
    }

    @Test func `Commands after a failure still run`() throws {
        let script = try PromQLScript(
            parsing: Self.data + "eval instant at 0 1\n  2\n\neval instant at 0 1\n  1\n\nclear\n\n"
                + "eval instant at 0 x")
        let report = ScriptRunner().run(script, name: "s")
        #expect(report.summary == "s  2 / 1")
    }
}
