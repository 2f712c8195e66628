import PrometheusServer
import Testing

@Suite("Forms are read as Go reads them")
struct FormValuesTests {
    /// Text, names and values joined as `name=value`, error text.
    static let table: [(String, [String], String?)] = [
        ("", [], nil),
        ("query=up", ["query=up"], nil),
        ("a=1&a=2&b=3", ["a=1", "a=2", "b=3"], nil),
        ("a", ["a="], nil),
        ("a=", ["a="], nil),
        ("=v", ["=v"], nil),
        ("&&a=1&&", ["a=1"], nil),
        ("a=b=c", ["a=b=c"], nil),
        ("query=a+b%2Bc%20d", ["query=a b+c d"], nil),
        ("match%5B%5D=%7Ba%3D%22b%22%7D", ["match[]={a=\"b\"}"], nil),
        ("a=%zz&b=1", ["b=1"], "invalid URL escape \"%zz\""),
        ("a=%z&b=1", ["b=1"], "invalid URL escape \"%z\""),
        ("a=x%", [], "invalid URL escape \"%\""),
        ("a=%1é", [], "invalid URL escape \"%1\u{fffd}\""),
        ("%gg=1&a=%hh", [], "invalid URL escape \"%gg\""),
        ("a=1;b=2", [], "invalid semicolon separator in query"),
        ("a=%zz&b=1;c=2&d=3", ["d=3"], "invalid semicolon separator in query"),
        ("a=1%3Bb", ["a=1;b"], nil),
        ("q=%F0%9F%98%80", ["q=😀"], nil),
    ]

    @Test("Pairs, and the error Go reports for the rest", arguments: table)
    func parse(_ text: String, _ pairs: [String], _ error: String?) {
        let form = FormValues.parse(Array(text.utf8))
        #expect(form.values.pairs.map { "\($0.name)=\($0.value)" } == pairs)
        #expect(form.error?.description == error)
    }

    @Test("Body values come before those of the URL")
    func merging() throws {
        let request = try #require(
            PrometheusRequest(
                method: "POST", target: "/x?query=url&match[]=c&only=u",
                headers: ["content-type": "application/x-www-form-urlencoded; charset=utf-8"],
                body: Array("query=body&match[]=a&match[]=b".utf8)))
        #expect(request.parameter("query") == "body")
        #expect(request.parameters.all("match[]") == ["a", "b", "c"])
        #expect(request.parameter("only") == "u")
        #expect(request.query.first("query") == "url")
        #expect(request.parameter("absent") == "")
    }

    @Test(
        "A body is a form only for methods that carry one and by its content type",
        arguments: [
            ("POST", "application/x-www-form-urlencoded", "body"),
            ("PUT", "application/X-WWW-Form-Urlencoded", "body"),
            ("GET", "application/x-www-form-urlencoded", "url"),
            ("POST", "text/plain", "url"),
            ("POST", "", "url"),
        ])
    func formMethods(_ method: String, _ type: String, _ winner: String) throws {
        let request = try #require(
            PrometheusRequest(
                method: method, target: "/x?query=url", headers: ["Content-Type": type],
                body: Array("query=body".utf8)))
        // What calls itself a form may be something else, as a remote read sent by hand is.
        #expect(request.body == Array("query=body".utf8))
        #expect(request.parameter("query") == winner)
    }

    @Test("Fields of multipart forms are parameters, files are not")
    func multipart() throws {
        let body = """
            --XX\r
            Content-Disposition: form-data; name="query"\r
            \r
            up{a="b"}\r
            --XX\r
            Content-Disposition: form-data; name="f"; filename="x.txt"\r
            Content-Type: text/plain\r
            \r
            ignored\r
            --XX\r
            Content-Disposition: form-data; name="time"\r
            \r
            12\r
            --XX--\r

            """
        let request = try #require(
            PrometheusRequest(
                method: "POST", target: "/x",
                headers: ["Content-Type": "multipart/form-data; boundary=\"XX\""],
                body: Array(body.utf8)))
        #expect(request.parameter("query") == "up{a=\"b\"}")
        #expect(request.parameter("time") == "12")
        #expect(request.parameters.pairs.count == 2)
        #expect(request.formError == nil)
        let cut = try #require(
            PrometheusRequest(
                method: "POST", target: "/x",
                headers: ["Content-Type": "multipart/form-data; boundary=XX"],
                body: Array(body.utf8.prefix(70))))
        #expect(cut.formError == .malformedMultipart)
    }

    @Test("Targets are taken apart as sent")
    func targets() throws {
        let request = try #require(
            PrometheusRequest(method: "GET", target: "/api/v1/label/a%20b+c/values?x=1?2"))
        #expect(request.path == "/api/v1/label/a b+c/values")
        #expect(request.rawPath == "/api/v1/label/a%20b+c/values")
        #expect(request.rawQuery == "x=1?2")
        #expect(PrometheusRequest(method: "GET", target: "/a%zz") == nil)
        let proxied = PrometheusRequest(method: "GET", target: "http://host:1/api?y=2")
        #expect(proxied?.path == "/api")
        #expect(PrometheusRequest(method: "GET", target: "/a%ff")?.isPathValidUTF8 == false)
    }
}
