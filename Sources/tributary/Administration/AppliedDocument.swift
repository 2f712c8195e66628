import GatewayConfiguration
import GoText
import PrometheusWire
import YAML

/// A file of `tributary apply`, in the order in which its parts can be made: what others refer to
/// comes first.
struct AppliedDocument {
    struct Problem: Error, CustomStringConvertible {
        var text: String
        var description: String { text }
    }

    enum Kind {
        case project
        case pool
        case attribute
    }

    /// One thing that the gateway shall have.
    struct Item {
        var kind: Kind
        /// For people, such as `project prod`.
        var name: String
        /// Of the administration API.
        var path: String
        var document: JSONValue
    }

    private(set) var items: [Item] = []

    private static let sections = ["projects", "clusterPools", "clusterPoolAttributes"]

    init(_ text: String) throws(Problem) {
        let documents: [YAMLNode]
        do throws(YAMLFailure) {
            documents = try YAMLComposer.documents(of: text)
        } catch {
            let place = error.line.map { "\($0):\(error.column ?? 1): " } ?? " "
            throw Problem(text: place + error.problem)
        }
        var regular: [Item] = []
        var together: [Item] = []
        var pools: [Item] = []
        var attributes: [Item] = []
        for root in documents {
            guard case .mapping(let pairs) = root.content else {
                throw Self.problem(
                    root, "must be a mapping of \(Self.sections.joined(separator: ", "))")
            }
            for pair in pairs {
                switch pair.key {
                case "projects":
                    for node in try Self.list(pair.value) {
                        let item = try Self.project(node)
                        if node["memberProjects"] == nil {
                            regular.append(item)
                        } else {
                            together.append(item)
                        }
                    }
                case "clusterPools": pools += try Self.pools(pair.value)
                case "clusterPoolAttributes":
                    for node in try Self.list(pair.value) {
                        attributes.append(try Self.attribute(node))
                    }
                default:
                    throw Problem(
                        text:
                            "\(pair.line):\(pair.column): unknown key \(YAMLNode.shown(pair.key)); "
                            + "known here are \(Self.sections.joined(separator: ", "))")
                }
            }
        }
        items = regular + together + pools + attributes
        if items.isEmpty { throw Problem(text: " has nothing to apply") }
    }

    // MARK: - Reading

    private static func project(_ node: YAMLNode) throws(Problem) -> Item {
        let name = try text("name", of: node)
        return Item(
            kind: .project, name: "project \(name)",
            path: "/api/projects/\(FormText.encoded(name))",
            document: try json(node))
    }

    /// `clusterPools: {default: [one, two]}`
    private static func pools(_ node: YAMLNode) throws(Problem) -> [Item] {
        guard case .mapping(let pairs) = node.content else {
            throw problem(node, "must be a mapping of pools to lists of clusters")
        }
        var items: [Item] = []
        for pair in pairs {
            items.append(
                Item(
                    kind: .pool, name: "cluster pool \(pair.key)",
                    path: "/api/cluster-pools/\(FormText.encoded(pair.key))",
                    document: .object([("clusters", try json(pair.value))])))
        }
        return items
    }

    private static func attribute(_ node: YAMLNode) throws(Problem) -> Item {
        let (project, domain) = (try text("project", of: node), try text("domain", of: node))
        let workflow = node["workflow"]?.text.map { ", workflow \($0)" } ?? ""
        return Item(
            kind: .attribute, name: "attribute of project \(project), domain \(domain)\(workflow)",
            path: "/api/cluster-pool-attributes", document: try json(node))
    }

    private static func list(_ node: YAMLNode) throws(Problem) -> [YAMLNode] {
        guard case .list(let elements) = node.content else { throw problem(node, "must be a list") }
        return elements
    }

    private static func text(_ key: String, of node: YAMLNode) throws(Problem) -> String {
        guard let text = node[key]?.text, !text.isEmpty else {
            throw problem(node, "\(key) is required")
        }
        return text
    }

    private static func problem(_ node: YAMLNode, _ text: String) -> Problem {
        Problem(text: "\(node.line):\(node.column): \(text)")
    }

    /// As the API takes it. Only what is written without quotes is a number, a truth value or null.
    private static func json(_ node: YAMLNode) throws(Problem) -> JSONValue {
        switch node.content {
        case .list(let elements):
            var values: [JSONValue] = []
            for element in elements { values.append(try json(element)) }
            return .array(values)
        case .mapping(let pairs):
            var values: [(key: String, value: JSONValue)] = []
            for pair in pairs { values.append((pair.key, try json(pair.value))) }
            return .object(values)
        case .scalar(let text, let isPlain):
            if text.contains("${") {
                throw problem(node, "variables are not replaced here: write the value itself")
            }
            guard isPlain else { return .string(text) }
            switch text {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return .bool(true)
            case "false", "False", "FALSE": return .bool(false)
            default: return isNumber(text) ? .number(text) : .string(text)
            }
        }
    }

    /// Whether JSON writes a number so.
    private static func isNumber(_ text: String) -> Bool {
        var cursor = JSONCursor(Array(text.utf8))
        guard (try? cursor.number()) != nil else { return false }
        return cursor.position == text.utf8.count
    }
}

// MARK: - What changes

extension AppliedDocument.Item {
    struct Change {
        /// For people: the name with a sign before it, and the keys that change.
        var text: String
        var isDue: Bool
    }

    /// - Parameter present: What the gateway has; nil for nothing.
    func change(from present: JSONValue?) -> Change {
        guard let present else { return Change(text: "+ \(name)", isDue: true) }
        var (old, new) = (Self.leaves(present), Self.leaves(shown))
        if kind == .pool {
            // How its clusters are is no part of it.
            old = old.filter { $0.key.hasPrefix("clusters") }
            new = new.filter { $0.key.hasPrefix("clusters") }
        }
        // A secret is shown by nobody, so that it may be another one.
        let keys = Set(old.keys).union(new.keys).filter {
            old[$0] != new[$0] || new[$0] == ProjectDocument.redacted
        }
        if keys.isEmpty { return Change(text: "= \(name)", isDue: false) }
        let lines = keys.sorted().map { key in
            let sign = old[key] == nil ? "+" : new[key] == nil ? "-" : "~"
            return "    \(sign) \(key)"
        }
        return Change(text: (["~ \(name)"] + lines).joined(separator: "\n"), isDue: true)
    }

    /// The document as a gateway shows it, with its defaults and without its secrets. One that breaks a
    /// rule stays as it is: the gateway says which.
    private var shown: JSONValue {
        guard kind == .project else { return document }
        let members = (document["memberProjects"]?.items ?? []).compactMap(\.text)
        let file = JSONValue.object([("projects", .array([document]))])
        guard
            let configuration = try? Configuration.parse(
                String(decoding: file.bytes, as: UTF8.self), path: "",
                existingProjects: Set(members)),
            let project = configuration.projects.first,
            let shown = try? JSONValue(parsing: ProjectDocument.shown(project).json)
        else { return document }
        return shown
    }

    /// Values by their key paths. What is null or empty is as good as left out.
    private static func leaves(_ value: JSONValue, _ path: String = "") -> [String: String] {
        switch value {
        case .null: return [:]
        case .object(let pairs):
            var all: [String: String] = [:]
            for (key, value) in pairs {
                all.merge(leaves(value, path.isEmpty ? key : "\(path).\(key)")) { $1 }
            }
            return all
        case .array(let elements):
            var all: [String: String] = [:]
            for (index, element) in elements.enumerated() {
                all.merge(leaves(element, "\(path)[\(index)]")) { $1 }
            }
            return all
        case .bool(let flag): return [path: flag ? "true" : "false"]
        case .number(let text), .string(let text): return text.isEmpty ? [:] : [path: text]
        case .labels(let pairs):
            return Dictionary(
                pairs.map { ("\(path).\($0.name)", $0.value) }, uniquingKeysWith: { $1 })
        }
    }
}
