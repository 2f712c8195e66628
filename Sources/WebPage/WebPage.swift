import Foundation
import GoText

/// The files of the web page, in memory as they are sent. No request opens a file, so that no path can
/// lead out of the directory.
public struct WebPage: Sendable {
    /// Why a directory cannot be served.
    public struct Unusable: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    /// What a directory may hold.
    struct Limits: Sendable {
        var files = 1000
        /// Of one file.
        var fileBytes = 8 << 20
        var bytes = 32 << 20
        /// Directories within one another.
        var depth = 8
    }

    /// The page that every path of a page answers.
    static let indexName = "index.html"

    let index: IndexTemplate
    /// All others, by their path within the directory: `chunks/graph-4QXB2AWJ.js`.
    let files: [String: PageFile]

    /// Reads a directory.
    ///
    /// - Throws: when it has no `index.html`, when it holds too much, or a name that is not one of a
    ///   page.
    public init(directory: String) throws(Unusable) {
        try self.init(directory: directory, limits: Limits())
    }

    init(directory: String, limits: Limits) throws(Unusable) {
        var reader = DirectoryReader(root: directory, limits: limits)
        try reader.read("", depth: 0)
        guard let index = reader.contents.removeValue(forKey: Self.indexName) else {
            throw Unusable(description: "\(directory) has no \(Self.indexName)")
        }
        self.index = IndexTemplate(String(decoding: index, as: UTF8.self))
        var files: [String: PageFile] = [:]
        for (name, bytes) in reader.contents {
            do {
                files[name] = try PageFile(name: name, bytes: bytes)
            } catch {
                throw Unusable(description: "\(directory)/\(name) cannot be compressed: \(error)")
            }
        }
        self.files = files
    }

    /// Where the page of an installed or built program is: `share/tributary/web` beside the directory
    /// of the program, `web` in it, or `.build/web` of the source tree that it was built in.
    ///
    /// - Parameter executable: The program's own path.
    /// - Returns: The first of them with an `index.html`; nil where there is none.
    public static func installed(besideExecutable executable: String) -> String? {
        let directory = URL(fileURLWithPath: executable).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        var places = [
            directory.deletingLastPathComponent().appendingPathComponent("share/tributary/web"),
            directory.appendingPathComponent("web"),
        ]
        let components = directory.pathComponents
        if let build = components.lastIndex(of: ".build") {
            let root = NSString.path(withComponents: Array(components[...build]))
            places.append(URL(fileURLWithPath: root).appendingPathComponent("web"))
        }
        return places.first {
            FileManager.default.isReadableFile(atPath: $0.appendingPathComponent(indexName).path)
        }?.path
    }
}

/// Reads what is below a directory, within limits.
private struct DirectoryReader {
    let root: String
    let limits: WebPage.Limits
    var contents: [String: [UInt8]] = [:]
    private var bytes = 0

    init(root: String, limits: WebPage.Limits) {
        self.root = root
        self.limits = limits
    }

    /// Paths that are the API's, whatever lies there.
    private static let taken: Set<String> = ["api", "p", "-", "metrics", "version", "federate"]

    mutating func read(_ directory: String, depth: Int) throws(WebPage.Unusable) {
        let path = directory.isEmpty ? root : "\(root)/\(directory)"
        guard depth <= limits.depth else {
            throw .init(description: "\(path) is more than \(limits.depth) directories deep")
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw .init(description: "\(path) is no directory that can be read")
        }
        for name in names.sorted() where !name.hasPrefix(".") {
            let inner = directory.isEmpty ? name : "\(directory)/\(name)"
            guard name.utf8.allSatisfy(Self.isAllowed) else {
                throw .init(
                    description:
                        "\(path) holds the name \(GoQuoting.quote(name)); a page's names are "
                        + "of letters, digits, '.', '-' and '_'")
            }
            guard depth > 0 || !Self.taken.contains(name) else {
                throw .init(description: "\(root)/\(inner) would hide a path of the API")
            }
            var isDirectory: ObjCBool = false
            let exists = FileManager.default.fileExists(
                atPath: "\(root)/\(inner)", isDirectory: &isDirectory)
            if exists, isDirectory.boolValue {
                try read(inner, depth: depth + 1)
            } else {
                try readFile(inner)
            }
        }
    }

    private mutating func readFile(_ name: String) throws(WebPage.Unusable) {
        let path = "\(root)/\(name)"
        guard contents.count < limits.files else {
            throw .init(description: "\(root) holds more than \(limits.files) files")
        }
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
        guard attributes?[.type] as? FileAttributeType == .typeRegular,
            let size = attributes?[.size] as? Int
        else {
            throw .init(description: "\(path) is no file that can be read")
        }
        guard size <= limits.fileBytes else {
            throw .init(description: "\(path) is longer than \(limits.fileBytes) bytes")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .init(description: "\(path) is no file that can be read")
        }
        bytes += data.count
        guard data.count <= limits.fileBytes, bytes <= limits.bytes else {
            throw .init(description: "\(root) holds more than \(limits.bytes) bytes")
        }
        contents[name] = Array(data)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
