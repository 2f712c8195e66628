import PromQL
import PromQLTest
import TestSupport
import Testing

/// The generator that every campaign uses, over the profiles of generated data.
@Suite struct QueryGeneratorTests {
    private static let languages: [GeneratedData.Language] = [
        [.arithmetic], [.arithmetic, .release35], [.release35, .later, .histograms],
    ]

    private func queries(_ language: GeneratedData.Language, _ count: Int) -> [QueryNode] {
        var generator = QueryGenerator(
            seed: 7, GeneratedData.profile(members: ["a", "b-eu"], language))
        return (0..<count).map { _ in generator.next() }
    }

    /// Nil where the parser refuses it, as it must: a label that is matched by and included too.
    private func type(of query: QueryNode) throws -> ValueType? {
        do throws(ParseError) {
            return try parseExpression(query.text, options: .everything).valueType
        } catch {
            let isKnown = error.description.hasSuffix("ON and GROUP clause at once")
            #expect(isKnown, "\(error): \(query.text)")
            return nil
        }
    }

    @Test(arguments: 0..<3)
    func `Generated queries are vectors and scalars of the language`(index: Int) throws {
        let types = try queries(Self.languages[index], 2000).map(type(of:))
        #expect(types.allSatisfy { $0 == .instantVector || $0 == .scalar || $0 == nil })
        #expect(types.count { $0 == nil } < 60)
    }

    @Test func `Whatever a query is shrunk to is a vector or a scalar of the language`() throws {
        for query in queries(Self.languages[2], 60) {
            for smaller in query.smaller.prefix(40) {
                let type = try type(of: smaller)
                #expect(type == .instantVector || type == .scalar || type == nil)
            }
        }
    }

    @Test func `The same seed makes the same queries`() {
        let texts = queries(Self.languages[0], 50).map(\.text)
        #expect(texts == queries(Self.languages[0], 50).map(\.text))
        #expect(Set(texts).count > 40)
    }
}
