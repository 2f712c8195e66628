import Foundation
import NIOCore
public import NIOSSL

/// The files by which the gateway speaks TLS with its clients.
public struct ServerTLS: Sendable, Hashable {
    /// PEM: the gateway's certificate, then those that lead to its authority.
    public var certFile: String
    /// PEM: the certificate's key, without a passphrase.
    public var keyFile: String
    /// PEM: the authorities of which clients must show a certificate; nil when they need none.
    public var clientCAFile: String?

    public init(certFile: String, keyFile: String, clientCAFile: String? = nil) {
        self.certFile = certFile
        self.keyFile = keyFile
        self.clientCAFile = clientCAFile
    }

    /// Why the files cannot be used. Nothing of what they hold is in it.
    public struct Problem: Error, Hashable, CustomStringConvertible {
        /// The key of `tls` that names the file.
        public var key: String
        public var path: String
        /// Worded to follow the path.
        public var text: String
        public var mend: String

        public var description: String { "tls.\(key): \(path) \(text); \(mend)" }
    }

    /// What the files hold at one time.
    public struct Material: Sendable, Hashable {
        fileprivate var certificates: [UInt8]
        fileprivate var key: [UInt8]
        fileprivate var authorities: [UInt8]?
    }

    /// Bytes; no file is longer.
    private static let limit = 1 << 20

    /// Reads the files. It blocks for as long as the file system does.
    public func material() throws(Problem) -> Material {
        var material = Material(
            certificates: try bytes("certFile", certFile), key: try bytes("keyFile", keyFile))
        if let clientCAFile { material.authorities = try bytes("clientCAFile", clientCAFile) }
        return material
    }

    /// What connections are made with: TLS 1.2 or later, HTTP/1.1.
    public func context(of material: Material) throws(Problem) -> NIOSSLContext {
        let chain = try certificates(in: material.certificates, "certFile", certFile)
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: material.key, format: .pem)
        } catch {
            throw Problem(
                key: "keyFile", path: keyFile, text: "holds no key that can be read",
                mend: "name the PEM file of a private key without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(1)
        if let clientCAFile, let authorities = material.authorities {
            configuration.trustRoots = .certificates(
                try certificates(in: authorities, "clientCAFile", clientCAFile))
            // Also demands one. A client has no name to compare it with.
            configuration.certificateVerification = .noHostnameVerification
            configuration.sendCANameList = true
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw Problem(
                key: "keyFile", path: keyFile, text: "is not the key of the certificate",
                mend: "name the key that \(certFile) was made for")
        }
    }

    /// When the gateway's certificate ends; nil when the files cannot be used.
    func end(in material: Material) -> Date? {
        (try? certificates(in: material.certificates, "certFile", certFile))?.first.map {
            Date(timeIntervalSince1970: TimeInterval($0.notValidAfter))
        }
    }

    private func certificates(
        in bytes: [UInt8], _ key: String, _ path: String
    ) throws(Problem) -> [NIOSSLCertificate] {
        guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
            throw Problem(
                key: key, path: path, text: "holds no certificate that can be read",
                mend: "name a PEM file that begins with -----BEGIN CERTIFICATE-----")
        }
        return found
    }

    private func bytes(_ key: String, _ path: String) throws(Problem) -> [UInt8] {
        let problem = { (text: String) in
            Problem(key: key, path: path, text: text, mend: "name a file that can be read")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw problem("cannot be read: \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard let data = try? file.read(upToCount: Self.limit + 1) else {
            throw problem("cannot be read")
        }
        guard data.count <= Self.limit else {
            throw problem("is longer than \(Self.limit) bytes")
        }
        return Array(data)
    }
}
