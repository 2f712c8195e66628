/// What a member answered.
struct MetadataReply<Element: Sendable>: Sendable {
    var elements: [Element]
    var warnings: [String] = []
    var infos: [String] = []
    /// Why elements are missing, as the member says; nil of a whole answer.
    var partiality: String?
}
