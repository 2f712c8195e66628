import PrometheusAPI
import PrometheusHTTP

extension PrometheusRequest {
    /// A time that may be absent, in milliseconds.
    func time(_ name: String) throws(APIError) -> Int64? {
        let text = parameter(name)
        if text.isEmpty { return nil }
        do throws(APIError) {
            return try RequestTime.parse(text)
        } catch {
            throw .parameter(name, "invalid time value for '\(name)': \(error.message)")
        }
    }
}
