import Foundation

/// The YAML of the documents that say what projects and pools are: from the documents themselves
/// where they lie beside the repository, else from the copies in configs/.
public struct SeedBlock: Sendable {
    /// How the document's file begins.
    public var document: String
    /// Which of its YAML blocks, from 0.
    public var index: Int
    /// The copy, below configs/.
    public var copy: String

    public static let resource = SeedBlock("000", 1, "multi-cluster-coroot.yaml")
    public static let clusterA = SeedBlock("001", 0, "decentralised-cluster-a.yaml")
    public static let clusterB = SeedBlock("001", 1, "decentralised-cluster-b.yaml")
    public static let clusterC = SeedBlock("001", 2, "decentralised-cluster-c.yaml")
    public static let pools = SeedBlock("003", 1, "cluster-pools/pools.yaml")
    public static let developmentAttribute = SeedBlock("003", 2, "cluster-pools/cpa-dev.yaml")
    public static let productionAttribute = SeedBlock("003", 3, "cluster-pools/cpa-prod.yaml")

    public static let all = [
        resource, clusterA, clusterB, clusterC, pools, developmentAttribute, productionAttribute,
    ]

    private init(_ document: String, _ index: Int, _ copy: String) {
        self.document = document
        self.index = index
        self.copy = copy
    }

    /// The block as the document prints it, else its copy.
    public func text() throws -> String {
        guard let blocks = try SeedDocuments.blocks(of: document) else { return try copied() }
        guard blocks.indices.contains(index) else { throw SeedDocuments.Missing(block: copy) }
        return blocks[index]
    }

    /// The copy in configs/.
    public func copied() throws -> String {
        try String(
            contentsOf: SeedDocuments.repository.appendingPathComponent("configs/\(copy)"),
            encoding: .utf8)
    }
}

/// The documents beside the repository.
public enum SeedDocuments {
    public struct Missing: Error { public var block: String }

    public static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folder of the documents; nil where there is none, and the copies stand in.
    public static let folder: URL? = {
        let folder = repository.appendingPathComponent("../shared/seeds").standardizedFileURL
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// The whole text of a document; nil where there are none.
    public static func text(of document: String) throws -> String? {
        guard let folder else { return nil }
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        guard let file = files.first(where: { $0.lastPathComponent.hasPrefix(document) }) else {
            throw Missing(block: document)
        }
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// Everything between "```yaml" and "```"; nil where there are no documents.
    public static func blocks(of document: String) throws -> [String]? {
        guard let text = try text(of: document) else { return nil }
        return text.components(separatedBy: "```yaml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
    }
}
