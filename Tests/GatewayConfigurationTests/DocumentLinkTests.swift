import Foundation
import Testing

/// Links between pages lead to pages and headings that are there.
@Suite struct DocumentLinkTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let pages: [String] = {
        let docs = try? FileManager.default.contentsOfDirectory(
            atPath: root.appendingPathComponent("docs").path)
        return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "configs/helm/tributary/README.md"]
            + (docs ?? []).filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The anchors of a page's headings, as GitHub makes them.
    private static func anchors(of text: String) -> Set<String> {
        var isCode = false
        var found: Set<String> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") { isCode.toggle() }
            guard !isCode, line.hasPrefix("#") else { continue }
            let title = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces)
            found.insert(
                String(
                    title.lowercased().compactMap { character in
                        if character == " " { return "-" }
                        let isKept =
                            character.isLetter || character.isNumber || "-_".contains(character)
                        return isKept ? character : nil
                    }))
        }
        return found
    }

    @Test func everyLinkLeadsSomewhere() throws {
        #expect(Self.pages.count > 20)
        for page in Self.pages {
            let folder = Self.root.appendingPathComponent(page).deletingLastPathComponent()
            for match in try Self.text(page).matches(of: /\]\(([^)\s]+)\)/) {
                let link = String(match.1)
                if link.contains("://") { continue }
                let parts = link.split(
                    separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let target =
                    parts[0].isEmpty
                    ? Self.root.appendingPathComponent(page)
                    : folder.appendingPathComponent(String(parts[0])).standardizedFileURL
                let isThere = FileManager.default.fileExists(atPath: target.path)
                #expect(isThere, "\(page): \(link)")
                guard isThere, parts.count == 2, target.pathExtension == "md" else { continue }
                let anchors = Self.anchors(
                    of: try String(contentsOf: target, encoding: .utf8))
                #expect(anchors.contains(String(parts[1])), "\(page): \(link)")
            }
        }
    }

    @Test func everyPageIsNamedByTheReadme() throws {
        let readme = try Self.text("README.md")
        for page in Self.pages where page.hasPrefix("docs/") {
            #expect(readme.contains("(\(page))"), "README.md does not name \(page)")
        }
    }
}
