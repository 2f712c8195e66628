import GatewayConfiguration
import GatewayState
import PrometheusServer
import PrometheusWire

extension AdministrationRoutes {
    /// Whether a change is only to be tried.
    static func isTrial(_ request: PrometheusRequest) -> Bool {
        ["true", "1"].contains(request.query.first("dryRun"))
    }

    /// What would be wrong with a project, else how its server answers. Nothing is changed.
    func tried(
        _ document: DocumentValue, _ name: String, _ change: Change, onlyNew: Bool
    ) async -> PrometheusResponse {
        let generation = change.live.current.value
        var contents = generation.contents
        let project: Project
        do throws(StoreRefusal) {
            project = try contents.putProject(
                document, name: name, file: generation.file, onlyNew: onlyNew
            ).project
        } catch {
            let refusal = APIError(.refused(error))
            let whole = APIError.Field(path: "", message: refusal.message)
            return Self.trial(
                errors: refusal.fields.isEmpty ? [whole] : refusal.fields)
        }
        var trial = generation
        trial.configuration = contents.effective(generation.file)
        trial.clients = clients(trial.configuration, generation)
        let health = await ProjectStatus(
            generation: trial, probes: MemberProbes(), headers: change.request.headers
        ).health(of: trial.configuration.project(named: project.name) ?? project)
        return Self.trial(errors: [], health)
    }

    static func trial(
        errors: [APIError.Field], _ health: ProjectHealth? = nil
    ) -> PrometheusResponse {
        success(
            .object([
                ("errors", APIError.Field.json(errors)), ("probe", health?.status.json ?? .null),
                ("telemetry", health?.telemetryJSON ?? .object([])),
            ]))
    }
}
