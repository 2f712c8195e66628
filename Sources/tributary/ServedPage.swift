import Foundation
import GatewayConfiguration
import WebPage

extension PageRoutes.Content {
    /// The page that a configuration wants.
    ///
    /// - Parameter directory: Goes before the configuration's.
    /// - Throws: `WebPage.Unusable`; not where no directory is named and none is found.
    init(_ settings: WebSettings, directory: String?) throws {
        guard settings.enabled else {
            self = .disabled
            return
        }
        let named = directory ?? settings.directory
        guard let path = named ?? WebPage.installed(besideExecutable: Self.executable) else {
            self = .missing
            return
        }
        self = .page(try WebPage(directory: path))
    }

    private static var executable: String {
        Bundle.main.executablePath ?? CommandLine.arguments.first ?? ""
    }
}
