import UpstreamSettings

extension Configuration {
    /// Notes on the projects and clusters whose address is the gateway's own, as far as addresses
    /// tell: by whatever name else they lead back, a request is ended when it comes back.
    ///
    /// - Parameter hostNames: Names and addresses of this machine.
    public func notesOnOwnAddress(hostNames: Set<String>) -> [ConfigurationNote] {
        let sources =
            projects.flatMap { project in
                project.sources.map {
                    (name: "project \"\(project.name)\"", url: $0.connection.url)
                }
            }
            + clusters.map { (name: "cluster \"\($0.name)\"", url: $0.source.connection.url) }
        return sources.filter { leadsBack($0.url, hostNames) }.map { source in
            ConfigurationNote(
                line: nil, keyPath: "",
                text: "\(source.name): \(source.url) is this gateway itself, which listens on "
                    + "\(listenAddress); every query of it will fail")
        }
    }

    private func leadsBack(_ url: ServerURL, _ hostNames: Set<String>) -> Bool {
        guard url.scheme == (tls == nil ? .http : .https), listenAddress.port != 0,
            (url.port ?? (tls == nil ? 80 : 443)) == listenAddress.port,
            url.pathPrefix == urlBasePath || url.pathPrefix.hasPrefix(urlBasePath + "/p/")
        else { return false }
        var host = url.host.lowercased()
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let address = IPAddress(host)
        // Connecting to the address of all interfaces leads to this machine.
        let isLoopback = url.isLoopback || address?.isUnspecified ?? false
        let isThisMachine = hostNames.contains { name in
            name.lowercased() == host || address != nil && IPAddress(name) == address
        }
        let own = IPAddress(listenAddress.host)
        if own?.isUnspecified ?? false { return isLoopback || isThisMachine }
        if listenAddress.isLoopback { return isLoopback }
        if let address { return address == own }
        return host == listenAddress.host.lowercased() || isThisMachine
    }
}
