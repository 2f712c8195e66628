import GoText
import UpstreamSettings
import YAML

@testable import GatewayConfiguration

// What people write: configuration files, custom resources, and the documents that the API takes.
// Nothing crashes, what is wrong is said, and what is taken over reads back as the same.
//
// The first byte chooses the reader; the rest is the text.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let text = String(decoding: bytes, as: UTF8.self)
    switch start[0] % 6 {
    case 0: file(text)
    case 1: file("kind: Coroot\nspec:\n" + text)
    case 2: document(bytes)
    case 3: compose(text)
    case 4: attribute(text)
    default: values(text)
    }
    return 0
}

private let environment = ["A": "x", "LINE": "y\n"]

private func file(_ text: String) {
    do throws(ConfigurationErrors) {
        let configuration = try Configuration.parse(text, path: "f", environment: environment)
        guard (try? YAMLComposer.documents(of: configuration.redactedYAML)) != nil else {
            fatalError("what is shown is no YAML:\n\(configuration.redactedYAML)")
        }
        var contents = StoreContents()
        _ = contents.register(configuration, now: Timestamp(milliseconds: 0))
        _ = contents.effective(configuration)
    } catch {
        precondition(!error.description.isEmpty)
    }
}

private func document(_ bytes: [UInt8]) {
    let document: DocumentValue
    do throws(StoreRefusal) {
        document = try DocumentValue(json: bytes)
    } catch {
        precondition(!error.description.isEmpty)
        return
    }
    guard let again = try? DocumentValue(written: document.json), again == document else {
        fatalError("what is written is another document:\n\(document)")
    }
    var contents = StoreContents()
    do throws(StoreRefusal) {
        let (_, project) = try contents.putProject(
            document, name: "n", file: Configuration())
        var members: [String] = []
        if case .multiCluster(let names) = project.kind { members = names }
        let read = try? ProjectDocument.read(
            ProjectDocument.written(project), name: project.name, members: members)
        guard read == project else {
            fatalError(
                "the store gives another project back:\n\(project)\n\(String(describing: read))")
        }
    } catch {
        precondition(!error.description.isEmpty)
    }
}

/// A walk through documents meets no more than the limits allow, however often aliases repeat it.
private func compose(_ text: String) {
    let limits = YAMLLimits(bytes: 4096, values: 500, depth: 20)
    guard let documents = try? YAMLComposer.documents(of: text, limits: limits) else { return }
    var values = 0
    func walk(_ node: YAMLNode, depth: Int) {
        precondition(depth <= limits.depth)
        values += 1
        switch node.content {
        case .scalar: break
        case .list(let elements): for element in elements { walk(element, depth: depth + 1) }
        case .mapping(let pairs):
            for pair in pairs {
                precondition(pair.key.utf8.count <= limits.keyBytes)
                walk(pair.value, depth: depth + 1)
            }
        }
    }
    for document in documents { walk(document, depth: 1) }
    precondition(values <= limits.values)
}

private func attribute(_ text: String) {
    do throws(ConfigurationErrors) {
        _ = try ClusterPoolAttribute.parse(text, path: "f", environment: environment)
    } catch {
        precondition(!error.description.isEmpty)
    }
}

private func values(_ text: String) {
    _ = try? VariableSubstitution(environment: environment).expand(text)
    if let address = ListenAddress(text) { precondition(ListenAddress("\(address)") == address) }
    if let url = try? ServerURL(text) {
        guard let again = try? ServerURL(url.description), again == url else {
            fatalError("another URL: \(text) is \(url)")
        }
    }
    _ = SecretDigest(written: text)
    _ = SecretText.trimmed(text)
}
