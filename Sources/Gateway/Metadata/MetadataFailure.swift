import GoText
import Members
import PrometheusAPI

/// What a member's failure means to a client: its own kind is kept, and the member is named.
enum MetadataFailure {
    static func error(of error: any Error, member: String) -> APIError {
        switch error {
        case let failure as MemberFailure:
            failure.apiError
        case let error as APIError:
            APIError(error.kind, "project \(GoQuoting.quote(member)): \(error.message)")
        case is CancellationError:
            APIError(.canceled, "context canceled")
        default:
            APIError(.unavailable, "project \(GoQuoting.quote(member)): \(error)")
        }
    }
}
