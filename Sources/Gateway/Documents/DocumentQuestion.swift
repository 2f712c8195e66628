import Members

/// A question whose answer is one small document.
struct DocumentQuestion: Sendable {
    /// Below `/api/v1`, with its slash.
    var path: String
    var parameters = Parameters()

    init(_ path: String, _ parameters: [(name: String, value: String)] = []) {
        self.path = path
        self.parameters = Parameters(parameters)
    }
}
