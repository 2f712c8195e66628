import GoText
import Projects
import PrometheusAPI
import PrometheusHTTP

extension PartialResponse {
    /// What a request wishes with `partial_response`: `true` or `1` to warn, `false` or `0` to
    /// abort, or one of the configuration's words. nil when it wishes nothing.
    static func requested(by request: PrometheusRequest) throws(APIError) -> PartialResponse? {
        let text = request.parameter("partial_response")
        switch text {
        case "": return nil
        case "true", "1", "warn": return .warn
        case "false", "0", "abort": return .abort
        case "safe": return .safe
        default:
            throw .parameter(
                "partial_response", "\(GoQuoting.quote(text)) is not one of true, false, safe")
        }
    }
}
