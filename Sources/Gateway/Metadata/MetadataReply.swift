/// What a member answered.
struct MetadataReply<Element: Sendable>: Sendable {
    var elements: [Element]
    var warnings: [String] = []
    var infos: [String] = []
}
