import ArgumentParser
import Projects

/// `HOST:PORT` on the command line.
struct AddressArgument: ExpressibleByArgument {
    var address: ListenAddress

    init(address: ListenAddress) { self.address = address }

    init?(argument: String) {
        guard let address = ListenAddress(argument) else { return nil }
        self.address = address
    }

    var defaultValueDescription: String { address.description }
}
