import PromQL
import PromQLEngine
import PromQLTest
import RealServers

/// How a real Prometheus is run, and how our engine is set to be compared with it.
extension PrometheusVersion {
    /// Command-line options of the server.
    var options: [String] {
        switch self {
        case .two: []
        case .three: ["--enable-feature=promql-experimental-functions,promql-duration-expr"]
        }
    }

    var engineOptions: EngineOptions {
        var options = EngineOptions()
        switch self {
        case .two:
            options.rangeBoundary = .closed
            options.dialect = .prometheus2
        case .three: options.language = LanguageVersion(3, 5)
        }
        return options
    }

    var language: GeneratedData.Language {
        switch self {
        case .two: [.arithmetic]
        case .three: [.arithmetic, .release35]
        }
    }
}
