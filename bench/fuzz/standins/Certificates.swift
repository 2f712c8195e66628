// In place of what reads certificates, as part of the same module: a fuzzer opens no files.

import Foundation

public struct ServerTLS: Sendable, Hashable {
    public var certFile: String
    public var keyFile: String
    public var clientCAFile: String?

    public init(certFile: String, keyFile: String, clientCAFile: String? = nil) {
        self.certFile = certFile
        self.keyFile = keyFile
        self.clientCAFile = clientCAFile
    }

    public struct Problem: Error, Hashable, CustomStringConvertible {
        public var key: String
        public var path: String
        public var text: String
        public var mend: String

        public var description: String { "tls.\(key): \(path) \(text); \(mend)" }
    }

    public struct Material: Sendable, Hashable {}

    public struct Context {}

    public func material() throws(Problem) -> Material {
        throw Problem(key: "certFile", path: certFile, text: "is not read here", mend: "none")
    }

    public func context(of material: Material) throws(Problem) -> Context { Context() }

    func end(in material: Material) -> Date? { nil }
}
