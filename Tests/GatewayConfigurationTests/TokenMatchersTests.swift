import PromQL
import Testing

@testable import GatewayConfiguration

/// What `auth.tokens[].matchers` may say.
@Suite struct TokenMatchersTests {
    private func matchers(_ texts: String...) throws -> String {
        let matchers = try TokenMatchers(texts).matchers
        return Expression.vectorSelector(VectorSelector(matchers: matchers)).description
    }

    @Test func `Selectors that differ in the values of one label become one`() throws {
        #expect(try matchers(#"{a="x"}"#) == #"{a="x"}"#)
        #expect(try matchers(#"{a="x"}"#, #"{a="x"}"#) == #"{a="x"}"#)
        #expect(try matchers(#"{a="x.y"}"#, #"{a=~"b|c"}"#) == #"{a=~"x\\.y|(?:b|c)"}"#)
        #expect(try matchers(#"{a=""}"#, #"{a="x"}"#) == #"{a=~"|x"}"#)
        #expect(
            try matchers(#"{c="1",a="x"}"#, #"{a="y",c="1"}"#) == #"{a=~"x|y",c="1"}"#)
        // The one without `a` includes the other.
        #expect(try matchers(#"{c="1",a="x"}"#, #"{c="1"}"#) == #"{c="1"}"#)
        #expect(try matchers("up", "down") == #"{__name__=~"up|down"}"#)
    }

    @Test(arguments: [
        [#"{a="x"}"#, #"{b="x"}"#], [#"{a!="x"}"#, #"{a!="y"}"#],
        [#"{a="x",b="x"}"#, #"{a="y",b="y"}"#], [#"{a="x"}"#, #"{a=~"y",b="z"}"#],
    ])
    func `Selectors that one selector cannot say are refused`(texts: [String]) {
        #expect(throws: TokenMatchers.Refusal.self) { try TokenMatchers(texts) }
    }

    @Test(arguments: [
        ("matchers: []", "there is no selector"), ("matchers:", "there is no selector"),
        ("matchers: ['{}']", "selects every series"),
        ("matchers: ['{a=~\"(\"}']", "not a selector"),
        ("matchers: ['sum(up)']", "is not a selector"), ("matchers: '{a=\"b\"}'", "must be a list"),
        ("matchers: ['{a=\"b\"}', '{c=\"d\"}']", "cannot be joined"),
        ("matchers: ['{a=\"b\"}']\n      admin: true", "exclude each other"),
    ])
    func `A wrong one stops the start, with its place`(written: String, text: String) {
        let yaml = """
            projects: [{name: a, prometheus: {url: http://a}}]
            auth:
              tokens:
                - name: t
                  token: long-enough
                  \(written)
            """
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(yaml, path: "c.yaml")
            Issue.record("it was taken")
        } catch {
            #expect(error.description.contains(text), "\(error)")
            #expect(error.description.hasPrefix("c.yaml:6:"), "\(error)")
            #expect(error.description.contains("auth.tokens[0].matchers"))
            #expect(error.description.contains("token t"))
        }
    }

    @Test func `They are shown in the configuration in force`() throws {
        let configuration = try Configuration.parse(
            """
            projects: [{name: a, prometheus: {url: http://a}}]
            auth: {tokens: [{name: t, token: long-enough, matchers: ['{a="b"}']}]}
            """, path: "c.yaml")
        #expect(configuration.redactedYAML.contains(#"matchers: ["{a=\"b\"}"]"#))
    }
}
