/// Reads request parameters by name, with the error texts of the reference. An empty value is an
/// absent one.
struct ParameterReader {
    let lookup: (String) -> String?

    func text(_ name: String) -> String { lookup(name) ?? "" }

    /// `limit`; 0 for none.
    func limit() throws(APIError) -> Int { try RequestLimit.parse(text("limit")) }

    /// A time in ms, nil when absent.
    func time(_ name: String) throws(APIError) -> Int64? {
        if text(name).isEmpty { return nil }
        do throws(APIError) {
            return try RequestTime.parse(text(name))
        } catch {
            throw .parameter(name, "invalid time value for '\(name)': \(error.message)")
        }
    }

    /// A time in ms that must be there; the reference words its errors differently.
    func requiredTime(_ name: String) throws(APIError) -> Int64 {
        do throws(APIError) {
            return try RequestTime.parse(text(name))
        } catch {
            throw .parameter(name, error.message)
        }
    }

    /// Nanoseconds.
    func duration(_ name: String) throws(APIError) -> Int64 {
        do throws(APIError) {
            return try RequestDuration.parse(text(name))
        } catch {
            throw .parameter(name, error.message)
        }
    }
}
