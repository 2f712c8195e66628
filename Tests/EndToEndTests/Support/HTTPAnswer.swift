/// One HTTP answer, its header names in lower case.
struct HTTPAnswer: Sendable {
    var status: Int
    var headers: [(String, String)]
    var body: [UInt8]

    func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> JSONValue {
        do {
            return try JSONValue(parsing: body)
        } catch {
            throw EndToEndFailure("\(error); status \(status), body \(text.prefix(300))")
        }
    }
}
