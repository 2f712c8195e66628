import PrometheusHTTP

extension EmbeddedAPI {
    /// Endpoints for what an embedded server does not have, answered as a reference would that has
    /// none of it either: clients ask them all the same.
    func addEmpty(to routes: inout RouteTable) {
        let answers = [
            ("/rules", #"{"groups":[]}"#),
            ("/alerts", #"{"alerts":[]}"#),
            ("/alertmanagers", #"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#),
            (
                "/targets",
                #"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}"#
            ),
            ("/targets/metadata", "[]"),
            ("/scrape_pools", #"{"scrapePools":[]}"#),
            ("/status/config", #"{"yaml":""}"#),
            ("/status/tsdb/blocks", #"{"blocks":[]}"#),
        ]
        for (path, data) in answers {
            add(["GET"], path, to: &routes) { _ in Answer(data) }
        }
    }
}
