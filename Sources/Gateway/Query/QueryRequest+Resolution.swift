import GoText
import Members
import Projects
import PrometheusAPI
import TimeSeries

extension QueryRequest {
    /// Raises the step of a range query to the coarsest `metricResolution` of the members that are
    /// asked, and says so: a remote has no data between its steps, and some answer no finer ones.
    ///
    /// - Returns: whether the step changed.
    mutating func coarsen(for members: [Member]) -> Bool {
        guard case .range = kind, grid.start < grid.end else { return false }
        let coarsest = members.map { (resolution: $0.resolution, name: $0.name) }
            .max { $0.resolution < $1.resolution }
        guard let coarsest, coarsest.resolution > grid.step else { return false }
        let asked = DurationText.text(milliseconds: grid.step)
        let given = DurationText.text(milliseconds: coarsest.resolution)
        infos.insert(
            "step raised from \(asked) to \(given), the metricResolution of project "
                + GoQuoting.quote(coarsest.name))
        grid = StepGrid(start: grid.start, end: grid.end, step: coarsest.resolution)
        return true
    }
}

extension Member {
    /// Milliseconds; the least step that makes sense to ask for, 0 for any.
    fileprivate var resolution: Int64 {
        return clients.map { client in
            switch client.configuration.kind {
            case .prometheus: 0
            case .remoteCoroot(let resolution): outOfService == nil ? resolution : 0
            }
        }.max() ?? 0
    }
}
