import Testing

@testable import GatewayConfiguration

/// How large a document of the API may be.
@Suite struct DocumentLimitsTests {
    private func refusal(_ text: String) -> String? {
        do throws(StoreRefusal) {
            _ = try DocumentValue(json: Array(text.utf8))
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
    func listsAndObjectsStandWithinEachOtherToABound(open: String, close: String) throws {
        func nested(_ depth: Int) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        #expect(refusal(nested(32)) == nil)
        let place = 32 * open.utf8.count + 1
        let expected =
            "lists and objects stand too deep within each other at byte \(place); 32 are allowed"
        #expect(refusal(nested(33)) == expected)
        // Without an end, and far too deep for a reader that calls itself.
        #expect(refusal(String(repeating: open, count: 100_000)) == expected)
        // Brackets in a text are text.
        #expect(
            refusal("\"\\\"" + String(repeating: open.filter { $0 != "\"" }, count: 99) + "\"")
                == nil)
    }

    @Test func valuesAndBytesAreCounted() {
        func list(_ count: Int) -> String {
            "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]"
        }
        #expect(refusal(list(40_000)) == nil)
        #expect(
            refusal(list(60_000))?.hasPrefix("there are too many keys and values at byte") == true)
        let text = "\"" + String(repeating: "x", count: 1 << 20) + "\""
        #expect(refusal(text) == "the document has 1048578 bytes; 1048576 are allowed")
    }
}
