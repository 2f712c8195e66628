import Foundation
import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `cache.redis`, and the URLs of such servers.
@Suite struct RedisSettingsTests {
    @Test(arguments: [
        ("redis://cache", "redis://cache:6379"),
        ("REDIS://cache.example.org:7000/3", "redis://cache.example.org:7000/3"),
        ("redis://10.0.0.1/", "redis://10.0.0.1:6379"),
        ("redis://[::1]:7000/0", "redis://[::1]:7000"),
        ("redis://[fe80::1%25eth0]", "redis://[fe80::1%25eth0]:6379"),
        ("redis://:p%40ss@cache", "redis://cache:6379"),
        ("redis://us%2Fer:p@ss@cache/1", "redis://us%2Fer@cache:6379/1"),
        ("unix:///run/redis/s", "unix:///run/redis/s"),
        ("unix:///run/a%20b?db=2", "unix:///run/a%20b?db=2"),
        ("unix://u:p@/run/s", "unix://u@/run/s"),
    ])
    func aURLIsReadAndShownWithoutItsPassword(text: String, shown: String) throws {
        let address = try RedisAddress(text)
        #expect(address.description == shown)
        let again = try RedisAddress(shown)
        #expect((again.place, again.user) == (address.place, address.user))
        #expect(again.database == address.database)
        #expect(!"\(address)".contains("p%40ss"))
    }

    @Test func thePartsOfAURLAreTakenApart() throws {
        let address = try RedisAddress("redis://us%2Fer:p%40:ss@[::1]:7000/12")
        #expect(address.place == .host("::1", port: 7000))
        #expect(address.user == "us/er")
        #expect(address.password?.exposed == "p@:ss")
        #expect(address.database == 12)
        #expect(
            try RedisAddress("redis://[fe80::1%25eth0]").place == .host("fe80::1%eth0", port: 6379))
        #expect(try RedisAddress("unix:///a%20b").place == .socket(path: "/a b"))
        #expect(try RedisAddress("redis://:p@h").user == nil)
    }

    @Test(arguments: [
        ("", RedisAddress.Problem.otherScheme), ("cache:6379", .otherScheme),
        ("http://cache", .otherScheme), ("rediss://cache", .asksForTLS),
        ("redis://", .noHost), ("redis://:6379", .noHost), ("redis://a b", .hasForbiddenCharacter),
        ("redis://cache:0", .badPort), ("redis://cache:70000", .badPort),
        ("redis://cache:x", .badPort), ("redis://[::1", .noHost), ("redis://[::1]x", .badPort),
        ("redis://[::g]", .badHost), ("redis://c*che", .badHost),
        ("redis://cache/x", .badDatabase), ("redis://cache/-1", .badDatabase),
        ("redis://cache/70000", .badDatabase), ("redis://cache/1/2", .badDatabase),
        ("redis://cache?db=1", .hasQuery), ("redis://u:%zz@cache", .badEscape),
        ("redis://@cache", .badEscape), ("redis://:@cache", .badEscape),
        ("unix://run/s", .noPath), ("unix:///", .noPath), ("unix://", .noPath),
        ("unix:///s?x=1", .hasQuery), ("unix:///s?db=x", .badDatabase),
        ("unix:///\(String(repeating: "s", count: 107))", .longPath),
    ])
    func whatIsNoURLIsSaidToBeNone(text: String, problem: RedisAddress.Problem) {
        #expect(throws: problem) { try RedisAddress(text) }
    }

    private static func parse(
        _ redis: String, environment: [String: String] = [:]
    ) throws -> Configuration {
        try Configuration.parse(
            "projects: [{name: a, prometheus: {url: http://a}}]\ncache: {redis: \(redis)}",
            path: "c.yaml", environment: environment)
    }

    @Test func allKeysAreRead() throws {
        let configuration = try Self.parse(
            """
            {url: "redis://u@cache/1", password: "${PASSWORD}", secret: "${SECRET}", prefix: "x:",
             timeout: 20ms, ttl: 10m}
            """, environment: ["PASSWORD": "hush-hush", "SECRET": "0123456789abcdef"])
        let redis = try #require(configuration.cache.redis)
        #expect(redis.address == (try RedisAddress("redis://u@cache/1")))
        #expect(redis.password?.exposed == "hush-hush")
        #expect(redis.secret?.exposed == "0123456789abcdef")
        #expect((redis.prefix, redis.timeout) == ("x:", .milliseconds(20)))
        #expect(redis.lifetime == .seconds(600))
        // No secret is shown.
        let shown = configuration.redactedYAML
        #expect(
            shown.contains(
                """
                  redis:
                    url: "redis://u@cache:6379/1"
                    password: <redacted>
                    secret: <redacted>
                    prefix: "x:"
                    timeout: 20ms
                    ttl: 10m
                """), "\(shown)")
        var dumped = shown + "\(configuration)"
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hush-hush") && !dumped.contains("0123456789abcdef"))
    }

    @Test func whatIsLeftOutHasADefault() throws {
        let configuration = try Self.parse("{url: \"redis://:hush-hush@cache\"}")
        let redis = try #require(configuration.cache.redis)
        #expect(redis.password?.exposed == "hush-hush")
        #expect(redis.secret == nil)
        #expect((redis.prefix, redis.timeout) == ("tributary:", .milliseconds(50)))
        #expect(redis.lifetime == .seconds(3600))
        var dumped = configuration.redactedYAML + "\(configuration)"
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hush-hush"))
        #expect(try Self.parse("null").cache.redis == nil)
    }

    @Test func secretsOfFilesAreWatched() throws {
        try withTemporaryFolder { folder in
            let (password, secret) = ("\(folder)/password", "\(folder)/secret")
            try "hush-hush\n".write(toFile: password, atomically: true, encoding: .utf8)
            try "0123456789abcdef\n".write(toFile: secret, atomically: true, encoding: .utf8)
            let configuration = try Self.parse(
                "{url: \"redis://cache\", passwordFile: \(password), secretFile: \(secret)}")
            #expect(configuration.cache.redis?.password?.exposed == "hush-hush")
            #expect(configuration.cache.redis?.secret?.exposed == "0123456789abcdef")
            #expect(Set(configuration.secretFiles.map(\.path)) == [password, secret])
        }
    }

    @Test(arguments: [
        ("{}", "cache.redis.url: a URL is needed; write it as redis://host:6379"),
        (
            "{url: \"rediss://cache\"}",
            "cache.redis.url: the URL asks for TLS, which the gateway does not speak with Redis, as "
                + "the library that it is built with does not; write redis://127.0.0.1:port of a "
                + "tunnel on this machine, as stunnel makes one, or unix:///path of a socket"
        ),
        (
            "{url: \"redis://hush-hush@cache\"}",
            "cache.redis.url: the URL names a user without a password; write "
                + "redis://user:${PASSWORD}@host, or password beside it"
        ),
        (
            "{url: \"redis://u:hush-hush@cache\", password: hush-hush}",
            "cache.redis.password: the URL holds a password too; keep one of them"
        ),
        (
            "{url: \"redis://cache\", secret: hush-hush}",
            "cache.redis.secret: the secret is too short to be safe; use at least 16 characters"
        ),
        (
            "{url: \"redis://cache\", password: a, passwordFile: b}",
            "cache.redis.passwordFile: password and passwordFile exclude each other; keep one of them"
        ),
        ("{url: \"redis://cache\", timeout: 10s}", "cache.redis.timeout: is longer than 5s"),
        ("{url: \"redis://cache\", timeout: 0s}", "cache.redis.timeout: is shorter than 1ms"),
        ("{url: \"redis://cache\", ttl: 24h}", "cache.redis.ttl: is longer than 1h"),
        (
            "{url: \"redis://cache\", adress: x}",
            "cache.redis.adress: unknown key adress; known here are"
        ),
    ])
    func whatIsWrongIsToldWithItsMend(redis: String, expected: String) throws {
        do {
            _ = try Self.parse(redis)
            Issue.record("was read")
        } catch let errors as ConfigurationErrors {
            let text = errors.description
            #expect(text.hasPrefix("c.yaml:2:"), "\(text)")
            #expect(text.contains(expected), "\(text)")
            #expect(!text.contains("hush-hush"))
        }
    }
}
