import GatewayConfiguration
import Testing
import UpstreamSettings

@Suite struct ValueTextTests {
    /// A host of 253 characters.
    private static let longest = String(repeating: "abcdefg.", count: 31) + "abcde"

    @Test(arguments: [
        ("http://a", "http://a"), ("HTTPS://a:443/", "https://a:443"),
        ("http://[::1]:9090/x/y//", "http://[::1]:9090/x/y"),
        ("http://[fe80::1%25eth0]:9090", "http://[fe80::1%25eth0]:9090"),
        ("http://my_service-1.ns.svc.:9090", "http://my_service-1.ns.svc.:9090"),
        ("http://127.0.0.1/{x,y}", "http://127.0.0.1/{x,y}"),
        ("http://\(longest)", "http://\(longest)"),
    ])
    func serverURLsLoseTheirLastSlash(text: String, shown: String) throws {
        #expect(try ServerURL(text).description == shown)
    }

    @Test(arguments: [
        ("", ServerURL.Problem.notAbsolute), ("a.example.com", .notAbsolute),
        ("ftp://a", .notAbsolute), ("http://", .noHost), ("http:///x", .noHost),
        ("http://a:0", .badPort), ("http://a:65536", .badPort), ("http://a:x", .badPort),
        ("http://u:p@a", .hasCredentials), ("http://a/?x=1", .hasQuery),
        ("http://a/#x", .hasQuery), ("http://a b", .hasForbiddenCharacter),
        ("http://a/\r\nX: y", .hasForbiddenCharacter), ("http://{a,b}:1", .badHost),
        ("http://a,b", .badHost), ("http://a[1-3]:9090", .badHost), ("http://[a]", .badHost),
        ("http://[127.0.0.1]", .badHost), ("http://[::1%25]", .badHost),
        ("http://[::1%25a]b]", .badPort), ("http://[::1%25a/b]", .noHost),
        ("http://b\u{fc}cher.example", .badHost), ("http://a%41", .badHost), ("http://.", .badHost),
        ("http://a$(id)", .badHost), ("http://a;b", .badHost), ("http://\(longest)a", .badHost),
    ])
    func whatIsNotAServerURLIsRefused(text: String, problem: ServerURL.Problem) {
        #expect(throws: problem) { _ = try ServerURL(text) }
    }

    @Test(arguments: [
        ("127.0.0.1:9090", "127.0.0.1:9090", true), ("localhost:1", "localhost:1", true),
        ("[::1]:80", "[::1]:80", true), (":9090", "0.0.0.0:9090", false),
        ("0.0.0.0:0", "0.0.0.0:0", false),
    ])
    func listenAddressesAreRead(text: String, shown: String, isLoopback: Bool) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.description == shown)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: ["", "9090", "a:b", "a:70000", "::1:80"])
    func otherTextsAreNotListenAddresses(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: [("12", 12), ("1KiB", 1024), ("2MB", 2_000_000), ("4GiB", 4 << 30)])
    func sizesAreRead(text: String, bytes: Int) { #expect(ByteCountText.bytes(text) == bytes) }

    @Test(arguments: ["", "KiB", "1.5MiB", "-1", "1TB", "99999999999GiB"])
    func otherTextsAreNotSizes(text: String) { #expect(ByteCountText.bytes(text) == nil) }

    @Test func keysAreComparedWhole() {
        let key = Secret("abc")
        #expect(key.equalsInConstantTime("abc"))
        for other in ["abd", "ab", "abcd", "", "ABC"] {
            #expect(!key.equalsInConstantTime(other))
        }
    }
}
