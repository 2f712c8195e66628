/// What goes wrong around a test rather than in it, with enough words to act on.
struct EndToEndFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
