import Foundation
import UpstreamSettings

/// Files of one directory by their names: `projects.d/*.yaml`.
public struct FilePattern: Sendable, Hashable, CustomStringConvertible {
    /// Where the files are.
    public let directory: String
    /// The name of the files, with `*`, `?` and `[…]` as shells have them.
    let name: String

    /// - Parameter base: Where a relative path begins.
    /// - Throws: what is wrong with it, and the mend.
    init(_ text: String, base: String) throws(NameRefusal) {
        let slash = text.lastIndex(of: "/")
        let name = String(slash.map { text[text.index(after: $0)...] } ?? text[...])
        let parent = slash.map { String(text[..<$0]) } ?? "."
        guard !name.isEmpty, !text.utf8.contains(0), text.utf8.count <= 4096 else {
            throw NameRefusal(
                problem: "\"\(text)\" names no files", mend: "write a path, as projects.d/*.yaml")
        }
        guard !Self.hasWildcard(parent) else {
            throw NameRefusal(
                problem: "\"\(text)\" has a wildcard in the name of a directory",
                mend: "write wildcards in the names of files alone, one directory each")
        }
        self.name = name
        if text.hasPrefix("/") {
            directory = parent.isEmpty ? "/" : parent
        } else if base == "." {
            directory = parent
        } else {
            directory = slash == nil ? base : "\(base)/\(parent)"
        }
    }

    /// The path, which leads to the same files when it is read from the working directory.
    public var description: String { prefix + name }

    private var prefix: String {
        directory == "." ? "" : directory.hasSuffix("/") ? directory : directory + "/"
    }

    private static func hasWildcard(_ text: String) -> Bool {
        text.utf8.contains {
            [UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "[")].contains($0)
        }
    }

    /// Whether a path is one of the files, there or not.
    func fits(_ path: String) -> Bool {
        guard path.hasPrefix(prefix) else { return false }
        return fits(name: String(path.dropFirst(prefix.count)))
    }

    /// A hidden file fits only where the dot is written.
    private func fits(name: String) -> Bool {
        Self.hasWildcard(self.name)
            ? fnmatch(self.name, name, FNM_PERIOD | FNM_PATHNAME) == 0 : self.name == name
    }

    /// The paths of the files, by name; of a pattern without a wildcard also when there is none.
    ///
    /// - Throws: why the directory cannot be read.
    func paths() throws(NameRefusal) -> [String] {
        guard Self.hasWildcard(name) else { return [prefix + name] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw NameRefusal(
                problem: FileManager.default.fileExists(atPath: directory)
                    ? "the directory \(directory) cannot be read"
                    : "there is no directory \(directory)",
                mend: "make it, or correct the path")
        }
        return names.filter { fits(name: $0) }.sorted().map { prefix + $0 }
    }
}

/// What the files of some patterns hold at one moment.
public struct FileLook: Sendable, Hashable {
    enum Content: Sendable, Hashable {
        case text(String)
        /// Why it cannot be read.
        case problem(String)
    }

    struct File: Sendable, Hashable {
        var path: String
        var content: Content
    }

    /// How many files are read, and how many bytes of each and of all.
    static let mostFiles = 1000
    static let mostBytes = 1 << 20
    static let mostBytesOfAll = 16 << 20

    /// By path, each once.
    private(set) var files: [File] = []
    /// What is wrong with a pattern, by its number.
    private(set) var problems: [Int: NameRefusal] = [:]

    /// Reads the files. It blocks for as long as the file system does.
    public init(_ patterns: [FilePattern]) {
        var paths: Set<String> = []
        for (index, pattern) in patterns.enumerated() {
            do throws(NameRefusal) {
                paths.formUnion(try pattern.paths())
            } catch {
                problems[index] = error
            }
            guard paths.count <= Self.mostFiles else {
                problems[index] = NameRefusal(
                    problem: "more than \(Self.mostFiles) files fit", mend: "write fewer files")
                return
            }
        }
        var bytes = 0
        for path in paths.sorted() {
            let content = Self.content(of: path)
            if case .text(let text) = content { bytes += text.utf8.count }
            guard bytes <= Self.mostBytesOfAll else {
                problems[0] = NameRefusal(
                    problem: "the files have more than \(Self.mostBytesOfAll) bytes together",
                    mend: "write fewer projects")
                return
            }
            files.append(File(path: path, content: content))
        }
    }

    /// Nothing yet.
    init() {}

    func content(of path: String) -> Content? { files.first { $0.path == path }?.content }

    private static func content(of path: String) -> Content {
        do throws(SecretFiles.Failure) {
            let bytes = try BoundedFile.bytes(of: path, limit: mostBytes, mayWait: false)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                return .problem("the file is not UTF-8 text")
            }
            return .text(text)
        } catch {
            switch error {
            case .missing: return .problem("there is no such file")
            case .unreadable(let why): return .problem("the file \(why)")
            }
        }
    }
}
